# syntax=docker/dockerfile:1
# Any image with node, npm and a user 1000: a mirror's, or one with a private certificate authority.
ARG NODE_IMAGE=node:24-bookworm-slim

# What the program needs at run time. A layer of its own, which changes with the lock file only.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/callback-client/package.json packages/callback-client/
COPY packages/console/package.json packages/console/
COPY packages/device-client/package.json packages/device-client/
RUN npm ci --omit=dev --ignore-scripts --workspace=@ws-connect/callback-client --include-workspace-root

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/callback-client/package.json packages/callback-client/
COPY packages/console/package.json packages/console/
COPY packages/device-client/package.json packages/device-client/
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY machines machines
COPY packages packages
COPY src src
RUN npm run build

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ws-connect" \
      org.opencontainers.image.description="Connection gateway: keeps devices reachable over WebSocket while pods come and go" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
# node_modules/@ws-connect/callback-client is a link to this folder
COPY --from=dependencies /app/packages/callback-client packages/callback-client
COPY --from=build /app/packages/callback-client/dist packages/callback-client/dist
COPY --from=build /app/dist dist
COPY package.json ./
# node of the base image; by number, so that runAsNonRoot can be checked
USER 1000:1000
EXPOSE 8080 8081 8082
# Semi-spaces of 8 MB: with its default of 16 V8 lets 32 MB of young garbage lie for a minute after many connects.
# node itself is process 1 and gets the signals: never start it through npm or a shell
CMD ["node", "--max-semi-space-size=8", "dist/src/main.js"]
