#!/bin/sh
# What a check-size job runs: one source URI.
exec aim-artifact-downloader --check-size "$@"
