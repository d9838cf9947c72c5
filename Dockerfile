# The worker's image: a Python, the pinned packages of constraints-worker.txt, expkit, and the declared files.
# `expkit image build` makes it without a network: the wheels are in the context, as .wheels/.
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS packages
COPY .wheels /wheels
COPY constraints-worker.txt /
# pip stays outside of what the image gets, and so do the packages' own tests
RUN python3 -m venv /pip \
 && python3 -m venv --without-pip /opt/expkit \
 && /pip/bin/pip --python /opt/expkit/bin/python install --disable-pip-version-check --no-cache-dir \
      --no-index --find-links /wheels --require-hashes -r /constraints-worker.txt \
 && find /opt/expkit/lib -type d -name tests -prune -exec rm -r {} +
COPY pyproject.toml /src/
COPY expkit /src/expkit
# an edited README must not compile the kernel anew
RUN touch /src/README.md \
 && /pip/bin/pip --python /opt/expkit/bin/python install --disable-pip-version-check --no-cache-dir \
      --no-index --no-deps --no-build-isolation /src \
 && NUMBA_CACHE_DIR=/opt/expkit/kernel /opt/expkit/bin/python -m expkit.training.kernel_cache

FROM ${BASE_IMAGE}
ENV PATH=/opt/expkit/bin:$PATH EXPKIT_KERNEL=/opt/expkit/kernel NUMBA_CACHE_DIR=/tmp/numba HOME=/tmp
COPY --from=packages /opt/expkit /opt/expkit
COPY research_questions /project/research_questions
COPY experiments /project/experiments
COPY environments /project/environments
WORKDIR /project
USER 65534:65534
ENTRYPOINT ["python", "-m", "expkit.execution.serve"]
