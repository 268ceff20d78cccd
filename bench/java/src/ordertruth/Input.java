package ordertruth;

import java.util.Arrays;

/** Reads Avro primitives from a byte array; one object is reused for all records. */
final class Input {
    byte[] bytes;
    int at;
    int end;
    /** Where the text that `text` read begins, and how long it is. */
    int from;
    int length;

    void reset(byte[] value, int start) {
        bytes = value;
        at = start;
        end = value.length;
    }

    long readLong() {
        byte[] b = bytes;
        int i = at;
        long digit = b[i++];
        long number = digit & 0x7F;
        for (int shift = 7; digit < 0; shift += 7) {
            digit = b[i++];
            number |= (digit & 0x7F) << shift;
        }
        at = i;
        return number >>> 1 ^ -(number & 1);
    }

    int readInt() {
        return (int) readLong();
    }

    void text() {
        length = readInt();
        from = at;
        skip(length);
    }

    byte[] readBytes() {
        text();
        return Arrays.copyOfRange(bytes, from, from + length);
    }

    byte[] readOptional() {
        return readByte() == 0 ? null : readBytes();
    }

    int readByte() {
        return bytes[at++];
    }

    long readFixedLong() {
        long number = 0;
        for (int i = 0; i < 8; i++) {
            number = number << 8 | bytes[at++] & 0xFF;
        }
        return number;
    }

    void skip(long count) {
        if (count < 0 || count > end - at) {
            throw new BadRecord("A length points beyond the end of the record.");
        }
        at += (int) count;
    }
}
