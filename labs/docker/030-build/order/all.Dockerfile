ARG BASE=caas-book/python:1
FROM ${BASE}
WORKDIR /srv
COPY . .
