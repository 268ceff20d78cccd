package ordertruth;

import java.util.Arrays;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** The eleven headers of a derived state. */
final class OutputHeaders {
    private static final Header SPEC = header("ce_specversion", Words.utf8("1.0"));
    private static final Header TYPE =
            header("ce_type", Words.utf8("com.ordertruth.ordertruth.order-state.order-state-derived.v1"));
    private static final Header SOURCE = header("ce_source", Words.utf8("ordertruth"));
    private static final Header POLICY = header("ce_policyversion", Words.utf8(View.POLICY));
    private static final Header CONTENT = header("content-type", Words.utf8("application/avro"));
    private static final byte[] HEX = Words.utf8("0123456789abcdef");

    private final Blake2b hash;

    OutputHeaders(Blake2b hash) {
        this.hash = hash;
    }

    private static Header header(String key, byte[] value) {
        return new RecordHeader(key, value);
    }

    Headers of(byte[] orderId, byte[] value, Facts facts, long calculatedUs) {
        hash.begin(16);
        hash.update(value, OrderStateWriter.FRAME, value.length - OrderStateWriter.FRAME);
        long first = hash.end();
        return new RecordHeaders(new Header[] {
            SPEC,
            header("ce_id", uuid(first, hash.second())),
            TYPE,
            SOURCE,
            header("ce_subject", orderId),
            header("ce_time", Times.format(facts.newest.timeUs)),
            header("ce_recordedtime", Times.format(calculatedUs)),
            header("ce_tenantid", tenantOf(orderId)),
            header("ce_causationid", newestInput(facts)),
            POLICY,
            CONTENT,
        });
    }

    private static byte[] newestInput(Facts facts) {
        Facts.Citation newest = null;
        for (Facts.Citation input : facts.inputs) {
            if (newest == null || input.version > newest.version || input.version == newest.version
                    && Arrays.compareUnsigned(input.eventId, newest.eventId) > 0) {
                newest = input;
            }
        }
        return newest.eventId;
    }

    static byte[] tenantOf(byte[] orderId) {
        int colon = 0;
        while (orderId[colon] != ':') {
            colon++;
        }
        return Arrays.copyOf(orderId, colon);
    }

    static boolean startsWith(byte[] text, String prefix) {
        for (int i = 0; i < prefix.length(); i++) {
            if (i >= text.length || text[i] != prefix.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static byte[] uuid(long high, long low) {
        byte[] text = new byte[36];
        int at = 0;
        for (int digit = 0; digit < 32; digit++) {
            if (digit == 8 || digit == 12 || digit == 16 || digit == 20) {
                text[at++] = '-';
            }
            long half = digit < 16 ? high : low;
            text[at++] = HEX[(int) (half >>> 60 - 4 * (digit & 15)) & 15];
        }
        return text;
    }
}
