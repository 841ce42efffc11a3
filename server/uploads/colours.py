"""Pixels in whatever colours -> sRGB, which is what every screen takes them for.

Called by `server.uploads.images` in a thread. Of a profile that can't be used nothing is said: it
counts as none, since most pictures without one are sRGB.
"""

import struct
from io import BytesIO

from PIL import Image, ImageCms

MEBIBYTE = 1_048_576

PROFILE_BYTES_MAX = 4 * MEBIBYTE
"""A larger colour profile is ignored; those of printing presses have 2.5 MB."""

# Pillow's types name numpy's and its own C types, which have no stubs here: hence the ignores.
SRGB = ImageCms.ImageCmsProfile(
    ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
)

COLORANTS = {
    9: ((0.67348, 0.27904, -0.00193), (0.16567, 0.67534, 0.02998), (0.12505, 0.04561, 0.79685)),
    12: ((0.51512, 0.24119, -0.00105), (0.29198, 0.69224, 0.04188), (0.15710, 0.06657, 0.78407)),
}
"""What red, green and blue are where they are not sRGB's: BT.2020 and Display P3, by the numbers of
ITU-T H.273, table 2. X, Y and Z under D50, from the chromaticities there by the Bradford
transformation, as an ICC profile wants them."""

COLORANT_TAGS = (b"rXYZ", b"gXYZ", b"bXYZ")
HEADER_BYTES = 128
FIXED_POINT = 65_536
"""ICC.1:2022, 4.6 and 7: a profile has a header, a table of its tags, and numbers with 16 bits
after the point."""


def in_srgb(image: Image.Image, profile: bytes | None, primaries: int | None) -> Image.Image:
    """The picture as RGB in sRGB: from what its ICC profile says, or, if it has none, its
    primaries."""
    if profile is None and primaries in COLORANTS:
        profile = profile_of(primaries)
    if profile is not None and 0 < len(profile) <= PROFILE_BYTES_MAX:
        try:
            own = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(image, own, SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError, struct.error):
            converted = None
        if converted is not None:
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def profile_of(primaries: int) -> bytes:
    """An ICC profile like that of sRGB but for its primaries. Raises `KeyError` for those that are
    not in `COLORANTS`."""
    profile = bytearray(SRGB.tobytes())
    tags = int.from_bytes(profile[HEADER_BYTES : HEADER_BYTES + 4], "big")
    for entry in range(HEADER_BYTES + 4, HEADER_BYTES + 4 + 12 * tags, 12):
        name, start, _ = struct.unpack_from(">4sII", profile, entry)
        if name in COLORANT_TAGS:
            values = COLORANTS[primaries][COLORANT_TAGS.index(name)]
            fixed = [round(value * FIXED_POINT) for value in values]
            struct.pack_into(">3i", profile, start + 8, *fixed)
    return bytes(profile)
