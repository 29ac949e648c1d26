"""Update codecs: one closed set, one file each, one strict wire form."""

from hanse.run.codec.part import decode_part, decoded, encode, encode_codes, encode_part, part_bytes_max
from hanse.run.codec.spec import CodecSpec, Kind, Part

__all__ = [
    "CodecSpec", "Kind", "Part", "decode_part", "decoded", "encode", "encode_codes", "encode_part", "part_bytes_max",
]  # fmt: skip
