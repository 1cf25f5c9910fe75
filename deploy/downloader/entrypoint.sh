#!/bin/sh
# What a download job runs: one source URI.
exec aim-artifact-downloader "$@"
