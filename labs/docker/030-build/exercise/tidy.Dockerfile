ARG BASE=caas-book/python:1
FROM ${BASE}
WORKDIR /srv
COPY precompile.txt .
RUN xargs -a precompile.txt python3 -m compileall -q -o 2
COPY fetch.py .
RUN --mount=type=secret,id=token \
    python3 fetch.py /run/secrets/token > prices.csv
COPY shop.py .
USER 10001
CMD ["python3", "shop.py"]
