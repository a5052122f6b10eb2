# One image with both programs: /bin/starter (API, sandbox, set-up commands) and /bin/worker. It holds nothing else but
# the certificates and time zones they need: no shell, no package manager, no root.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ENV CGO_ENABLED=0
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -buildvcs=false -ldflags="-s -w" -o /out/bin/ ./starter ./worker
# What a named volume is made from takes over these owners.
RUN mkdir -p /out/data/blobs /out/data/keys /out/data/sandbox /out/data/backups

# Backups take PostgreSQL's own programs, of the server's version, which the product's image has not; a drill starts a server.
FROM postgres:17.11-bookworm AS backup
RUN groupadd --gid 65532 shiming && useradd --uid 65532 --gid 65532 --no-create-home shiming
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/share/zoneinfo.zip
ENV ZONEINFO=/usr/share/zoneinfo.zip
COPY --from=build /out/bin/starter /bin/
COPY --from=build --chown=65532:65532 --chmod=700 /out/data /var/lib/shiming
USER 65532:65532
ENTRYPOINT ["/bin/starter"]

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/share/zoneinfo.zip
ENV ZONEINFO=/usr/share/zoneinfo.zip PATH=/bin
COPY --from=build /out/bin/ /bin/
COPY --from=build --chown=65532:65532 --chmod=700 /out/data /var/lib/shiming
USER 65532:65532
# API, worker's health, sandbox, API's metrics
EXPOSE 8080 8081 8090 9464
ENTRYPOINT ["/bin/starter"]
CMD ["serve"]
