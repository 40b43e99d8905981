"""The QR code beside a check code: the address that tells whether the paper is genuine."""

import io

import segno

SIDE = 12.0
"""Millimetres: with the longest usual address a module is a third of one, as phones need."""
GAP = 2.0
"""Millimetres between the code and the text beside it: at least the four modules it asks for."""


def svg(url: str) -> bytes:
    return _saved(url, "svg", xmldecl=False, svgclass=None, lineclass=None)


def png(url: str) -> bytes:
    return _saved(url, "png", scale=10)


def _saved(url: str, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    segno.make_qr(url, error="m").save(stream, kind=kind, border=0, **options)
    return stream.getvalue()
