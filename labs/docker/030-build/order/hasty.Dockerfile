ARG BASE=caas-book/python:1
FROM ${BASE}
WORKDIR /srv
COPY . .
RUN xargs -a precompile.txt python3 -m compileall -q -o 2
