# rust-gears in a container. Three targets:
#   slim (the default)  libglvnd and the X client libraries, no Mesa: the NVIDIA runtime adds the driver
#   mesa                the same with Mesa: Intel, AMD, WSLg and software
#   isolated            mesa plus an X server, watched in a browser
# BuildKit isn't needed: Docker 20.10's classic builder and podman work, too.
#
# For a release, name the base images by digest (docker pull prints it). Then you build exactly what was tested:
#   DEBIAN_IMAGE=docker.io/library/debian:trixie-slim@sha256:… RUST_IMAGE=… scripts/build slim mesa isolated
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-trixie
ARG DEBIAN_IMAGE=docker.io/library/debian:trixie-slim

# ---- the program -------------------------------------------------------------------------------------------------
FROM ${RUST_IMAGE} AS dependencies
WORKDIR /src
# The dependencies are a separate layer, built with empty sources, and rebuilt only if the manifest changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src/isolated benches \
    && echo 'fn main() {}' >src/main.rs \
    && cp src/main.rs src/isolated/main.rs \
    && touch src/lib.rs \
    && awk '/^\[\[bench/ { bench = 1 } bench && $1 == "name" { gsub("\"", "", $3); printf "" >("benches/" $3 ".rs"); bench = 0 }' Cargo.toml \
    && cargo build --locked --release

FROM dependencies AS builder
RUN rm -rf src
COPY src src
COPY shaders shaders
COPY scripts/lib/*.tsv scripts/lib/
# The files from the context are older than the empty ones, and cargo compares modification times.
RUN find src -name '*.rs' -exec touch {} + \
    && cargo build --locked --release

# ---- process 1 and the web server of `isolated` ------------------------------------------------------------------
FROM dependencies AS isolated-builder
RUN cargo build --locked --release --features isolated
COPY src/isolated src/isolated
RUN touch src/isolated/main.rs \
    && cargo build --locked --release --features isolated

# ---- libglvnd ----------------------------------------------------------------------------------------------------
# Debian's libgl1 and libegl1 pull in Mesa and LLVM, 210 MB that NVIDIA's driver doesn't use. The libraries are extracted
# from their packages instead. NVIDIA's toolkit injects its own libraries but not these, and not always the EGL vendor file.
FROM ${DEBIAN_IMAGE} AS glvnd
WORKDIR /glvnd
COPY scripts/lib/unpack /usr/local/bin/
RUN unpack libgl1 libglx0 libegl1 libglvnd0 \
    && mkdir -p out/usr/lib out/usr/share/glvnd/egl_vendor.d \
    && cp -a unpacked/usr/lib/*-linux-gnu* out/usr/lib/ \
    && echo '{"file_format_version": "1.0.0", "ICD": {"library_path": "libEGL_nvidia.so.0"}}' \
      >out/usr/share/glvnd/egl_vendor.d/10_nvidia.json

FROM ${DEBIAN_IMAGE} AS notices
COPY LICENSE-* THIRD-PARTY scripts/lib/copyright /usr/share/doc/rust-gears/
RUN gzip --best --no-name /usr/share/doc/rust-gears/THIRD-PARTY

# ---- what all targets share --------------------------------------------------------------------------------------
FROM ${DEBIAN_IMAGE} AS common
# Of xkb-data's 4 MB, only the folders are needed: libxkbcommon doesn't start without them, but gets the keymap from the X
# server. (A target with its own X server must `apt-get install --reinstall xkb-data`.)
# Nobody types accents in a window of gears, so libX11's compose sequences, 0.9 MB, stay out (see `canvas::event_loop`).
# dpkg's *.symbols are only needed to build packages. Nothing here changes users, and no program needs a setuid or setgid bit.
# hadolint ignore=DL3008 # Debian stable has one version of each, and removes it when it is replaced
RUN apt-get update \
    && apt-get install -y --no-install-recommends -o Dpkg::Options::='--path-exclude=/usr/share/X11/xkb/*/*' \
      -o Dpkg::Options::='--path-exclude=/usr/share/X11/locale/*/Compose' \
      libx11-6 libx11-xcb1 libxcursor1 libxi6 libxcb1 libxkbcommon0 libxkbcommon-x11-0 xkb-data \
      libxext6 libdrm2 libxcb-dri3-0 libxcb-glx0 libxcb-present0 libxcb-randr0 libxcb-sync1 libxcb-xfixes0 \
    && rm -rf /var/lib/apt/lists/* /var/lib/dpkg/*-old /var/lib/dpkg/info/*.symbols /var/cache/* /var/log/* \
    && find / -xdev -perm /6000 -exec chmod a-s {} +
# `graphics` without `compute` lacks a library that EGL needs, and without `display` there is no /dev/nvidia-modeset.
# NVIDIA_VISIBLE_DEVICES must not be set here: it would give every pod every GPU.
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display
# The licences are the whole image's: /usr/share/doc/rust-gears/copyright says what LicenseRef-Third-Party stands for.
ARG DEBIAN_IMAGE
LABEL org.opencontainers.image.title="rust-gears" \
      org.opencontainers.image.description="A native clone of glxgears that says which GPU drew" \
      org.opencontainers.image.licenses="(MIT OR Apache-2.0) AND LicenseRef-Third-Party" \
      org.opencontainers.image.base.name="${DEBIAN_IMAGE}"
ENTRYPOINT ["rust-gears"]

# ---- mesa --------------------------------------------------------------------------------------------------------
FROM common AS mesa
# hadolint ignore=DL3008 # as above
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libegl1 libgl1-mesa-dri \
    && rm -rf /var/lib/apt/lists/* /var/lib/dpkg/*-old /var/lib/dpkg/info/*.symbols /var/cache/* /var/log/*
# If the NVIDIA runtime adds its driver, this target works for NVIDIA, too.
COPY --from=glvnd /glvnd/out/usr/share/glvnd/egl_vendor.d/10_nvidia.json /usr/share/glvnd/egl_vendor.d/
# A container's cache is lost when it ends, and the root file system may be read-only.
ENV MESA_SHADER_CACHE_DISABLE=true
COPY scripts/lib/libraries.tsv scripts/lib/check-libraries /usr/local/share/rust-gears/
COPY --from=notices /usr/share/doc/rust-gears /usr/share/doc/rust-gears
COPY --from=builder /src/target/release/rust-gears /usr/local/bin/
RUN /usr/local/share/rust-gears/check-libraries
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
# A number, because Kubernetes' runAsNonRoot must be able to tell that it isn't root. Any other works: it owns nothing here.
USER 65532:65532

# ---- isolated ----------------------------------------------------------------------------------------------------
# Debian's tigervnc-standalone-server depends on Perl, and novnc on Node.js, for programs that aren't used here.
FROM ${DEBIAN_IMAGE} AS x-server
WORKDIR /x-server
COPY scripts/lib/unpack /usr/local/bin/
RUN unpack tigervnc-standalone-server tigervnc-tools x11-xkb-utils novnc \
    && mkdir -p out/usr/bin out/usr/share/novnc/vendor \
    && cp -a unpacked/usr/bin/Xtigervnc out/usr/bin/Xvnc \
    && cp -a unpacked/usr/bin/xkbcomp unpacked/usr/bin/tigervncpasswd out/usr/bin/ \
    && cp -a unpacked/usr/share/novnc/core out/usr/share/novnc/ \
    && cp -a unpacked/usr/share/novnc/vendor/pako out/usr/share/novnc/vendor/

FROM mesa AS isolated
USER 0:0
# The stage `common` kept only the folders of xkb-data; an X server also needs the files in them.
# hadolint ignore=DL3008 # as above
RUN apt-get update \
    && apt-get install -y --no-install-recommends --reinstall xkb-data \
    && apt-get install -y --no-install-recommends \
      libgnutls30t64 libjpeg62-turbo libpixman-1-0 libunwind8 libxcvt0 libxfont2 libxkbfile1 \
    && rm -rf /var/lib/apt/lists/* /var/lib/dpkg/*-old /var/lib/dpkg/info/*.symbols /var/cache/* /var/log/*
COPY --from=x-server /x-server/out/ /
COPY --from=isolated-builder /src/target/release/isolated /usr/local/bin/
# One program with two names. Starting everything once shows that no library is missing.
RUN ln -s isolated /usr/local/bin/rust-gears-web \
    && rust-gears-web --version && Xvnc -version && xkbcomp -version && tigervncpasswd -f </etc/hostname >/dev/null
USER 65532:65532
EXPOSE 6080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["isolated", "--health"]
ENTRYPOINT ["isolated"]

# ---- slim: the default, so it is the last ------------------------------------------------------------------------
FROM common AS slim
COPY --from=glvnd /glvnd/out/ /
COPY scripts/lib/libraries.tsv scripts/lib/check-libraries /usr/local/share/rust-gears/
COPY --from=notices /usr/share/doc/rust-gears /usr/share/doc/rust-gears
COPY --from=builder /src/target/release/rust-gears /usr/local/bin/
RUN /usr/local/share/rust-gears/check-libraries
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
