package ordertruth;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import ordertruth.AvroType.Tag;

/** Reads the lines of an order: of each, what its definition says; the rest of it is skipped. */
final class RowReader {
    private static final Map<String, Integer> TEXTS = Map.of(
            "itemId", 0, "parentItemId", 1, "offeringId", 2, "productInstanceId", 3);
    private static final int ACTION = 4;
    private static final int OTHER = -1;

    private final AvroType row;
    private final int[] slots;
    private final byte[][] texts = new byte[4][];
    private int[] actions = {};

    RowReader(AvroType row) {
        this.row = row;
        if (row.tag != Tag.RECORD || !Arrays.asList(row.names).containsAll(List.of("itemId", "offeringId", "action"))) {
            throw new BadRecord("The items are no lines of an order.");
        }
        slots = new int[row.parts.length];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = row.names[i].equals("action") ? ACTION : TEXTS.getOrDefault(row.names[i], OTHER);
            if (slots[i] == ACTION) {
                actions = actions(row.parts[i]);
            }
        }
    }

    private static int[] actions(AvroType type) {
        if (type.tag != Tag.ENUM) {
            throw new BadRecord("The action of a line is no enum.");
        }
        int[] found = EventSchema.ordinals(type, Words.ACTIONS);
        for (int i = 0; i < found.length; i++) {
            if (type.names[i].equals("DISCONNECT") || type.names[i].equals("TERMINATE")) {
                found[i] = Words.ACTION_DELETE;
            }
        }
        return found;
    }

    Event.Row[] readAll(Input in) {
        List<Event.Row> found = new ArrayList<>();
        for (long left = in.readLong(); left != 0; left = in.readLong()) {
            if (left < 0) {
                left = -left;
                in.readLong();
            }
            for (; left > 0; left--) {
                found.add(read(in));
            }
        }
        return found.toArray(Event.Row[]::new);
    }

    private Event.Row read(Input in) {
        Arrays.fill(texts, null);
        int action = -1;
        for (int i = 0; i < slots.length; i++) {
            AvroType type = row.parts[i];
            if (slots[i] == OTHER) {
                type.skip(in);
                continue;
            }
            if (type.tag == Tag.UNION) {
                type = type.branch(in);
            }
            if (slots[i] == ACTION) {
                action = EventSchema.ordinal(actions, in);
            } else if (type.tag == Tag.TEXT) {
                texts[slots[i]] = in.readBytes();
            } else if (type.tag != Tag.NULL) {
                throw new BadRecord("A text of a line is none.");
            }
        }
        if (texts[0] == null || texts[2] == null) {
            throw new BadRecord("A line has no id or no offering.");
        }
        return new Event.Row(texts[0], action, texts[1], texts[2], texts[3]);
    }
}
