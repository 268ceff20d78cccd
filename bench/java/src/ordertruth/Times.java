package ordertruth;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;

/** RFC 3339 times in headers, as microseconds since the epoch. */
final class Times {
    private static final long DAY_SECONDS = 86_400;
    private static final int PLAIN = "2026-01-05T08:00:00.000000Z".length();

    private Times() {}

    static long parse(byte[] text) {
        if (text.length != PLAIN || text[19] != '.' || text[26] != 'Z' || text[10] != 'T') {
            return slowly(new String(text, StandardCharsets.UTF_8));
        }
        long days = days(number(text, 0, 4), (int) number(text, 5, 2), (int) number(text, 8, 2));
        long seconds = number(text, 11, 2) * 3600 + number(text, 14, 2) * 60 + number(text, 17, 2);
        return (days * DAY_SECONDS + seconds) * 1_000_000 + number(text, 20, 6);
    }

    private static long slowly(String text) {
        try {
            return ChronoUnit.MICROS.between(Instant.EPOCH, OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException error) {
            throw new BadRecord("A time cannot be read: " + text);
        }
    }

    private static long number(byte[] text, int from, int length) {
        long found = 0;
        for (int i = from; i < from + length; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) {
                throw new BadRecord("A time has something else than a digit.");
            }
            found = 10 * found + digit;
        }
        return found;
    }

    /** Days from the epoch to a date of the Gregorian calendar. */
    private static long days(long year, int month, int day) {
        long y = month <= 2 ? year - 1 : year;
        long era = y / 400;
        long ofEra = y - era * 400;
        long ofYear = (153L * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468;
    }

    static byte[] format(long micros) {
        long days = Math.floorDiv(micros, DAY_SECONDS * 1_000_000);
        long ofDay = micros - days * DAY_SECONDS * 1_000_000;
        byte[] text = new byte[PLAIN];
        date(text, days);
        long seconds = ofDay / 1_000_000;
        text[10] = 'T';
        put(text, 11, 2, seconds / 3600);
        text[13] = ':';
        put(text, 14, 2, seconds / 60 % 60);
        text[16] = ':';
        put(text, 17, 2, seconds % 60);
        text[19] = '.';
        put(text, 20, 6, ofDay % 1_000_000);
        text[26] = 'Z';
        return text;
    }

    private static void date(byte[] text, long days) {
        long z = days + 719_468;
        long era = Math.floorDiv(z, 146_097);
        long ofEra = z - era * 146_097;
        long yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365;
        long ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        long shifted = (5 * ofYear + 2) / 153;
        long month = shifted < 10 ? shifted + 3 : shifted - 9;
        put(text, 0, 4, yearOfEra + era * 400 + (month <= 2 ? 1 : 0));
        text[4] = '-';
        put(text, 5, 2, month);
        text[7] = '-';
        put(text, 8, 2, ofYear - (153 * shifted + 2) / 5 + 1);
    }

    private static void put(byte[] text, int from, int length, long number) {
        for (int i = from + length - 1; i >= from; i--) {
            text[i] = (byte) ('0' + number % 10);
            number /= 10;
        }
    }
}
