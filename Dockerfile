# One image, three programs: /contact-operator, /contact-intake and /kubectl-contacts, which can be copied out of it or run in a
# pod. Needs BuildKit, which is Docker's default.
# The build runs on the builder's own platform and compiles for the target's, so that no emulation is needed.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src

# Dependencies first: they change less often than the code.
COPY go.mod go.sum ./
RUN go mod download

COPY api/ api/
COPY cmd/ cmd/
COPY controllers/ controllers/
COPY internal/ internal/
# What outside systems read in the User-Agent.
ARG VERSION=
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags="-s -w -X github.com/contact-operator/contact-operator/internal/httpx.version=$VERSION" -o /out/ ./cmd/...

# Certificates of public authorities, time zones, and nothing else.
FROM gcr.io/distroless/static:nonroot
COPY --from=build /out/ /
USER 65532:65532
ENTRYPOINT ["/contact-operator"]
