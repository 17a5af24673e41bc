ARG BASE=caas-book/busybox:1
FROM ${BASE} AS make
ARG SOURCE_DATE_EPOCH
WORKDIR /out/srv
RUN echo "apples,3" > prices
RUN find /out -exec touch -hd "@${SOURCE_DATE_EPOCH}" {} +

FROM ${BASE}
COPY --from=make /out /
CMD ["cat", "/srv/prices"]
