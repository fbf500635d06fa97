# The image of the API and the workers: the locked packages, then the wheel.
FROM python:3.11-slim-bookworm AS build
COPY . /src
RUN python -m venv /campus \
    && /campus/bin/pip install --no-cache-dir --require-hashes --no-deps -r /src/requirements.lock \
    && pip install --no-cache-dir hatchling \
    && pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel /src \
    && /campus/bin/pip install --no-cache-dir --no-deps /wheel/*.whl

FROM python:3.11-slim-bookworm
COPY --from=build /campus /campus
ENV PATH=/campus/bin:$PATH PYTHONUNBUFFERED=1
RUN install -d -m 700 -o 10001 -g 10001 /data
USER 10001:10001
WORKDIR /tmp
CMD ["campus", "serve"]
