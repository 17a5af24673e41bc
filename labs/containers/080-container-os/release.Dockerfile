# A release of an operating system, as an image: one program, its init, a number.
ARG BASE=caas-book/busybox:1
FROM ${BASE}
COPY . /
CMD ["/init"]
