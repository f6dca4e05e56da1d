"""What is taken for a picture: whole, of 8 bits, one a file; all others are named together."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from support.networks import pictures

from pbl.domain.errors import FindingsError, InputError
from pbl.training.embedding.images import ImageError, list_images, open_image, read_images


def saved(image, kind, **how):
    data = io.BytesIO()
    image.save(data, kind, **how)
    return data.getvalue()


def noise(mode="RGB", size=(40, 30)):
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], len(mode)))
    return Image.fromarray(values.astype(np.uint8).squeeze(), mode=None)


def flipped(data):
    return data[:60] + bytes([data[60] ^ 1]) + data[61:]


def png_of_16_bits_and_colours():
    rows = b"".join(b"\0" + bytes(range(48)) for _ in range(8))
    chunk = lambda kind, data: (  # noqa: E731
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )
    head = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


BAD = {
    "empty": b"",
    "no image": b"sample_id,target\n",
    "a cut PNG": saved(noise(), "PNG")[:-40],
    "a cut JPEG": saved(noise(), "JPEG")[:-200],
    "a PNG with a flipped byte": flipped(saved(noise(), "PNG")),
    "16 bits of grey": saved(Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40)), "PNG"),
    "16 bits of colour": png_of_16_bits_and_colours(),
    "a TIFF of floats": saved(Image.fromarray(np.ones((30, 40), np.float32)), "TIFF"),
    "a TIFF of 32 bits": saved(Image.fromarray(np.ones((30, 40), np.int32)), "TIFF"),
    "two pages": saved(noise(), "TIFF", save_all=True, append_images=[noise()]),
    "an animation": saved(noise(), "WEBP", save_all=True, append_images=[noise(size=(40, 30)).rotate(90)]),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_8_bits_can_t_say_is_refused(bad):
    with pytest.raises(ImageError):
        open_image(BAD[bad])


def test_all_that_is_bad_is_named_at_once(tmp_path):
    pictures(tmp_path, 2)
    for n, data in enumerate(BAD.values()):
        (tmp_path / f"bad{n}.tif").write_bytes(data)
    with pytest.raises(FindingsError) as caught:
        read_images(list_images(tmp_path), frozenset())
    findings = caught.value.report.findings
    assert {each.code for each in findings} == {"PBL811"}
    assert sorted(each.file for each in findings) == sorted(str(path) for path in tmp_path.glob("bad*"))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1", "CMYK"])
def test_other_kinds_of_8_bits_become_rgb(mode):
    image = noise().convert(mode)
    found = open_image(saved(image, "TIFF" if mode == "CMYK" else "PNG"))
    assert found.mode == "RGB"
    assert np.array_equal(np.asarray(found), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_camera_s_turn_is_undone(turn):
    image = Image.fromarray(np.arange(40 * 32 * 3, dtype=np.uint32).reshape(40, 32, 3).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = turn
    found = open_image(saved(image, "PNG", exif=exif))
    back = {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 270, 7: 90, 8: 90}[turn]
    expected = image.rotate(back, expand=True)
    if turn in {2, 4, 5, 7}:
        expected = expected.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert np.array_equal(np.asarray(found), np.asarray(expected))


def test_the_sample_is_the_name_without_folder_and_suffix(tmp_path):
    names = pictures(tmp_path, 5)
    assert [each.sample for each in list_images(tmp_path)] == names
    (tmp_path / "notes.txt").write_text("no image")
    assert len(list_images(tmp_path)) == 5


def test_two_images_of_one_name_are_refused(tmp_path):
    pictures(tmp_path, 4)
    noise().save(tmp_path / "ID1.bmp")
    with pytest.raises(FindingsError) as caught:
        list_images(tmp_path)
    assert [(f.code, "ID1.bmp" in f.message, "ID1.JPG" in f.message) for f in caught.value.report.findings] == [
        ("PBL812", True, True)
    ]


def test_a_folder_without_images_is_said(tmp_path):
    with pytest.raises(InputError, match="holds no image"):
        list_images(tmp_path)
