package ordertruth;

import java.util.Arrays;

/** A growing buffer with Avro's primitives; reused for all records. */
final class Output {
    byte[] bytes = new byte[4096];
    int size;

    byte[] copy() {
        return Arrays.copyOf(bytes, size);
    }

    private void room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + more));
        }
    }

    void writeByte(int value) {
        room(1);
        bytes[size++] = (byte) value;
    }

    void writeLong(long number) {
        room(10);
        if (number >= 0 && number < 64) {
            bytes[size++] = (byte) (number << 1);
            return;
        }
        byte[] b = bytes;
        int i = size;
        long rest = number << 1 ^ number >> 63;
        while ((rest & ~0x7FL) != 0) {
            b[i++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        b[i++] = (byte) rest;
        size = i;
    }

    void writeFixedLong(long number) {
        room(8);
        for (int shift = 56; shift >= 0; shift -= 8) {
            bytes[size++] = (byte) (number >>> shift);
        }
    }

    void writeRaw(byte[] raw) {
        room(raw.length);
        System.arraycopy(raw, 0, bytes, size, raw.length);
        size += raw.length;
    }

    void writeText(byte[] text) {
        writeLong(text.length);
        writeRaw(text);
    }

    void writeOptional(byte[] text) {
        if (text == null) {
            writeByte(0);
            return;
        }
        writeByte(2);
        writeText(text);
    }
}
