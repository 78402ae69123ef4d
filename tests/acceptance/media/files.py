"""Makes files of every kind that people send, each with bytes of its own: real ones from a folder, made unique
where their format allows it, and generated ones for what no camera at hand writes."""
import os
import struct
import zlib


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def unique(name, content, chance):
    """The same picture with other bytes."""
    mark = chance.randbytes(12).hex().encode()
    if content.startswith(b"\xff\xd8\xff"):  # a comment behind the start
        return content[:2] + b"\xff\xfe" + struct.pack(">H", len(mark) + 2) + mark + content[2:]
    if content[4:8] == b"ftyp":
        return content + box(b"free", mark)
    if content.startswith(b"RIFF"):
        body = content[8:] + b"JUNK" + struct.pack("<I", len(mark)) + mark
        return b"RIFF" + struct.pack("<I", len(body)) + body
    if content.startswith(b"%PDF"):
        return content + b"\n%" + mark + b"\n"
    return content + mark


def grey_jpeg(width, height):
    """Baseline, one component, every block alike: 6 bits each."""
    segment = lambda kind, body: b"\xff" + kind + struct.pack(">H", len(body) + 2) + body
    codes = lambda kind, *symbols: bytes([kind]) + bytes([0, len(symbols)] + [0] * 14) + bytes(symbols)
    blocks = ((width + 7) // 8) * ((height + 7) // 8)
    # Two codes of two bits: 00 is "no difference" for the first and "end of block" for the rest.
    bits = blocks * 4
    return (b"\xff\xd8" + segment(b"\xdb", b"\0" + b"\x10" * 64)
            + segment(b"\xc0", struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\0")
            + segment(b"\xc4", codes(0, 0, 1)) + segment(b"\xc4", codes(0x10, 0, 1))
            + segment(b"\xda", b"\x01\x01\0\0\x3f\0") + bytes((bits + 7) // 8) + b"\xff\xd9")


def png(width, height, rows_differ=True):
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(b"\0" + bytes([y % 251 if rows_differ else 0]) * width) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", packed + packer.flush()) + chunk(b"IEND", b""))


def big_tiff(width, height):
    pixels = b"".join(bytes([y % 251]) * width for y in range(height))
    entries = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1),
               (273, 16, 16), (277, 3, 1), (278, 4, height), (279, 16, len(pixels))]
    table = struct.pack("<Q", len(entries))
    for tag, kind, value in entries:
        table += struct.pack("<HHQ", tag, kind, 1) + struct.pack("<Q", value)
    return b"II+\0\x08\0\0\0" + struct.pack("<Q", 16 + len(pixels)) + pixels + table + bytes(8)


def gif(frames):
    frame = b"!\xf9\x04\0\x05\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02L\x01\0"
    return b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff" + frame * frames + b";"


def document(objects):
    text, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(text))
        text += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return text + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(text))


def stream(dictionary, body):
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (dictionary, len(body), body)


def pdf(pages):
    kids = b" ".join(b"%d 0 R" % (3 + i) for i in range(pages))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 300] /Contents %d 0 R >>" % (pages + 3)
    return document([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages)]
                    + [page] * pages + [stream(b"", b"1 0 0 rg 100 100 400 100 re f")])


def slow_pdf(depth=9):
    """A form that draws ten of the next, and so on: small to send, minutes to draw."""
    forms = []
    for level in range(depth):
        last = level == depth - 1
        drawing = b"0 0 600 300 re f\n" if last else b"/F Do\n" * 10
        inner = b"" if last else b"/F %d 0 R" % (5 + level)
        forms.append(stream(b"/Type /XObject /Subtype /Form /BBox [0 0 600 300] /Resources << /XObject << %s >> >>"
                            % inner, drawing))
    page = (b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 300] /Contents %d 0 R "
            b"/Resources << /XObject << /F 4 0 R >> >> >>" % (4 + depth))
    return document([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page] + forms
                    + [stream(b"", b"/F Do")])


def generated():
    """Name -> content."""
    return {
        "panorama.jpg": grey_jpeg(16382, 3800),
        "phone-108mp.jpg": grey_jpeg(12000, 9000),
        "mosaic.tif": big_tiff(9000, 4000),
        "big.png": png(9000, 7000),
        "plan.pdf": pdf(1),
        "book.pdf": pdf(501),
        "slow.pdf": slow_pdf(),
        "animation.gif": gif(200),
        "empty-words.csv": b"a,b\n1,2\n",
        "cut.png": png(2000, 1500)[:4000],
        "cut.jpg": grey_jpeg(4000, 3000)[:20000],
        "cut.pdf": pdf(3)[:400],
    }


def real(folder):
    """Name -> content of the files of `folder`, none without one."""
    names = sorted(os.listdir(folder)) if folder else []
    files = {}
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and not name.endswith(".md"):
            with open(path, "rb") as file:
                files[name] = file.read()
    return files
