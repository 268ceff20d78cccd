package ordertruth;

import java.util.Arrays;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/** The headers without which an event cannot be placed; each is looked for first where it was the last time. */
final class Envelope {
    private final Field id = new Field("ce_id");
    private final Field subject = new Field("ce_subject");
    private final Field version = new Field("ce_aggregateversion");
    private final Field time = new Field("ce_time");
    private final Field recorded = new Field("ce_recordedtime");

    private static final class Field {
        private final String name;
        private int place;

        Field(String name) {
            this.name = name;
        }

        byte[] in(Header[] headers) {
            if (place < headers.length && headers[place].key().equals(name)) {
                return present(headers[place].value());
            }
            for (int i = headers.length - 1; i >= 0; i--) {
                if (headers[i].key().equals(name)) {
                    place = i;
                    return present(headers[i].value());
                }
            }
            throw new BadRecord("Header " + name + " is missing.");
        }

        private byte[] present(byte[] value) {
            if (value == null || value.length == 0) {
                throw new BadRecord("Header " + name + " is empty.");
            }
            return value;
        }
    }

    /** Fill the event's envelope; throws BadRecord when headers, key and payload disagree. */
    void read(Headers found, byte[] key, Event event) {
        Header[] headers = found.toArray();
        event.eventId = id.in(headers);
        byte[] about = subject.in(headers);
        if (!Arrays.equals(key, about) || !event.is(Event.ORDER_ID, about)) {
            throw new BadRecord("Key, subject and order id are not the same.");
        }
        if (number(version.in(headers)) != event.version) {
            throw new BadRecord("Header and payload differ about the version.");
        }
        event.timeUs = Times.parse(time.in(headers));
        event.recordedUs = Times.parse(recorded.in(headers));
    }

    private static long number(byte[] digits) {
        long found = 0;
        for (byte digit : digits) {
            if (digit < '0' || digit > '9' || found > Long.MAX_VALUE / 10 - 1) {
                throw new BadRecord("The version is no number.");
            }
            found = 10 * found + digit - '0';
        }
        return found;
    }
}
