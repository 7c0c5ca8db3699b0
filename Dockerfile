# Tweedie in a container: built with the CUDA compiler, run beside the CUDA libraries.
#
#   docker build -t tweedie .
#   docker run --rm -v "$PWD:/data" tweedie demo
#   docker run --rm --gpus all -v "$PWD:/data" tweedie doctor --device cuda:0
#
# CUDA 12.6 on both sides: JCublas 12.6 looks for libcublas.so.12 and JCurand for libcurand.so.10, which a 13.x image lacks.

FROM nvidia/cuda:12.6.3-devel-ubuntu24.04 AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends openjdk-17-jdk-headless maven \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pom.xml LICENSE ./
COPY .mvn .mvn
COPY kernels kernels
COPY src src
RUN mvn -B -q -Dmaven.test.skip=true -Djacoco.skip=true package \
    && test -s target/classes/org/tweedie/kernels/tweedie.fatbin

FROM nvidia/cuda:12.6.3-runtime-ubuntu24.04
RUN apt-get update \
    && apt-get install -y --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/tweedie
COPY --from=build /source/target/tweedie.jar target/tweedie.jar
COPY --from=build /source/target/lib target/lib
COPY tweedie LICENSE ./
WORKDIR /data
ENTRYPOINT ["/opt/tweedie/tweedie"]
CMD ["--help"]
