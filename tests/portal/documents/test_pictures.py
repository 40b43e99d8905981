"""Uploaded pictures made ready to print."""

import io

import pytest
from PIL import Image

from portal.documents.pictures import UnreadablePicture, picture_of
from tests.portal.documents.samples import photo

ROTATE_LEFT = 6  # the EXIF orientation of a phone held upright
CAMERA, ORIENTATION, GPS = 0x0110, 0x0112, 0x8825


def printed(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture_of(content, "图").content))


def exif(**tags: object) -> Image.Exif:
    data = Image.Exif()
    data[ORIENTATION] = ROTATE_LEFT
    data[CAMERA] = "Secret Phone"
    data.get_ifd(GPS)[1] = "N"
    return data


def test_a_phone_photo_is_printed_upright():
    picture = printed(photo(400, 200, exif=exif()))
    assert picture.size == (200, 400)
    top, bottom = picture.getpixel((100, 50)), picture.getpixel((100, 350))
    assert top[0] > 200 and bottom[2] > 200  # red above blue


def test_what_a_camera_writes_into_a_photo_is_left_out():
    for format in ("JPEG", "PNG"):
        content = photo(40, 20, format, exif=exif(), dpi=(300, 300), icc_profile=b"secret")
        picture = printed(content)
        assert not picture.getexif()
        assert not {"exif", "icc_profile", "comment"} & picture.info.keys()


def test_a_large_photo_is_made_as_fine_as_paper_shows():
    picture = picture_of(photo(8000, 6000), "图")
    assert (picture.width, picture.height) == (1600, 1200)
    assert len(picture.content) < 200_000
    assert printed(photo(8000, 6000)).format == "JPEG"


def test_a_small_picture_keeps_its_pixels():
    assert printed(photo(30, 20)).size == (30, 20)


def test_a_drawing_is_kept_without_loss():
    picture = printed(photo(600, 400, "PNG"))
    assert picture.format == "PNG"
    assert picture.getpixel((10, 10)) == (255, 0, 0)


def test_what_is_transparent_is_printed_white():
    stream = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(stream, "PNG")
    assert printed(stream.getvalue()).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("format", "mode"),
    [("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "P"), ("PNG", "1"), ("GIF", "P"), ("BMP", "RGB")],
)
def test_pictures_of_every_kind_are_printed(format, mode):
    stream = io.BytesIO()
    Image.new(mode, (300, 200)).save(stream, format)
    assert printed(stream.getvalue()).size == (300, 200)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", photo(400, 300)[:400], b"\x89PNG\r\n\x1a\n" + b"\x00" * 90]
)
def test_what_is_no_whole_picture_is_refused_by_name(content):
    with pytest.raises(UnreadablePicture, match="图片“现场.jpg”无法打开"):
        picture_of(content, "图1", alt="现场.jpg")


def test_a_picture_is_known_by_the_file_as_uploaded():
    content = photo(30, 20)
    again = picture_of(content, "另一个说明")
    assert again.sha256 == picture_of(content, "图").sha256
    assert again.sha256 != picture_of(photo(20, 30), "图").sha256
