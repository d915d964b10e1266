# syntax=docker/dockerfile:1
# One image per service: docker build -f deployments/docker/service.Dockerfile --build-arg SERVICE=catalog .
# deployments/docker/replay.sh runs the steps of the first stage without Docker.
FROM golang:1.26 AS build
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOCACHE=/cache/go-build
WORKDIR /src
# What the dependencies depend on comes first: a change in the sources does not download them again.
COPY go.work go.work.sum ./
COPY pkg/go.mod pkg/go.sum pkg/
COPY services/catalog/go.mod services/catalog/go.sum services/catalog/
COPY services/console/go.mod services/console/go.sum services/console/
COPY services/stripe-connector/go.mod services/stripe-connector/go.sum services/stripe-connector/
COPY services/stripe-simulator/go.mod services/stripe-simulator/go.sum services/stripe-simulator/
COPY deployments/docker/build.sh deployments/docker/
RUN --mount=type=cache,target=/go/pkg/mod bash deployments/docker/build.sh download
COPY pkg pkg
COPY services services
# Declared late, so that the services' images share all layers above.
ARG SERVICE
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/cache/go-build \
    bash deployments/docker/build.sh build ${SERVICE} /out/service

# Alpine and not an empty image: the health checks call its wget. It also brings the certificates that Stripe needs.
FROM alpine:3.22
COPY --from=build /out/service /service
# An empty directory that the user may write to, for the simulator's state.
COPY --from=build --chown=65532:65532 /out/state /state
USER 65532:65532
ENTRYPOINT ["/service"]
