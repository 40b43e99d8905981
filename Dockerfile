FROM python:3.11-slim-bookworm

# The font and the libraries that PDF export needs (tools/setup.sh installs the same).
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        fonts-noto-cjk fontconfig libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/portal
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

COPY . .
ENV PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    WHITENOISE_USE_FINDERS=false

# A throw-away key and folder: neither stays in the image.
RUN SECRET_KEY=for-the-build-only DATA_DIR=/tmp/build python manage.py collectstatic --noinput \
    && rm -rf /tmp/build

# Volumes take over the owner of the folder they are first mounted on.
RUN useradd --uid 10001 --create-home portal \
    && install --directory --owner=portal --group=portal /data /static
USER portal

EXPOSE 8000
# Threads, since a page mostly waits for the database; no control socket, since the root is read-only.
CMD ["gunicorn", "portal.wsgi", "--bind=0.0.0.0:8000", "--worker-class=gthread", \
     "--workers=2", "--threads=8", "--timeout=60", "--graceful-timeout=30", \
     "--worker-tmp-dir=/dev/shm", "--no-control-socket", "--log-level=warning"]
