# One image for every process; compose.yaml says which command each runs.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --create-home collie
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
RUN mkdir -p var && SECRET_KEY=not-used-afterwards python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R collie:collie var
USER collie
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["daphne", "--bind", "0.0.0.0", "--port", "8000", "config.asgi:application"]
