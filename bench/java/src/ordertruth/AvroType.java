package ordertruth;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/** An Avro type of a writer's schema, compiled so that values of it can be skipped. */
final class AvroType {
    enum Tag { NULL, BOOLEAN, LONG, FLOAT, DOUBLE, TEXT, FIXED, ENUM, ARRAY, MAP, UNION, RECORD }

    final Tag tag;
    /** Fields of a record, branches of a union, or the one element type of an array or map. */
    AvroType[] parts = {};
    /** Names of a record's fields or symbols of an enum. */
    String[] names = {};
    private int size;

    private AvroType(Tag tag) {
        this.tag = tag;
    }

    static AvroType of(JsonNode schema) {
        return compile(schema, "", new HashMap<>());
    }

    private static AvroType compile(JsonNode schema, String space, Map<String, AvroType> known) {
        if (schema.isTextual()) {
            return named(schema.asText(), space, known);
        }
        if (schema.isArray()) {
            AvroType union = new AvroType(Tag.UNION);
            union.parts = new AvroType[schema.size()];
            for (int i = 0; i < schema.size(); i++) {
                union.parts[i] = compile(schema.get(i), space, known);
            }
            return union;
        }
        String type = schema.path("type").asText();
        return switch (type) {
            case "record", "error" -> record(schema, space, known);
            case "enum" -> {
                AvroType found = enter(schema, space, known, Tag.ENUM);
                found.names = texts(schema.path("symbols"));
                yield found;
            }
            case "fixed" -> {
                AvroType found = enter(schema, space, known, Tag.FIXED);
                found.size = schema.path("size").asInt();
                yield found;
            }
            case "array" -> holding(Tag.ARRAY, compile(schema.path("items"), space, known));
            case "map" -> holding(Tag.MAP, compile(schema.path("values"), space, known));
            default -> compile(schema.path("type"), space, known);
        };
    }

    private static AvroType record(JsonNode schema, String space, Map<String, AvroType> known) {
        AvroType found = enter(schema, space, known, Tag.RECORD);
        String inner = spaceOf(fullName(schema, space));
        JsonNode fields = schema.path("fields");
        found.parts = new AvroType[fields.size()];
        found.names = new String[fields.size()];
        for (int i = 0; i < fields.size(); i++) {
            found.names[i] = fields.get(i).path("name").asText();
            found.parts[i] = compile(fields.get(i).path("type"), inner, known);
        }
        return found;
    }

    private static AvroType named(String name, String space, Map<String, AvroType> known) {
        return switch (name) {
            case "null" -> new AvroType(Tag.NULL);
            case "boolean" -> new AvroType(Tag.BOOLEAN);
            case "int", "long" -> new AvroType(Tag.LONG);
            case "float" -> new AvroType(Tag.FLOAT);
            case "double" -> new AvroType(Tag.DOUBLE);
            case "string", "bytes" -> new AvroType(Tag.TEXT);
            default -> {
                AvroType found = known.get(name.contains(".") || space.isEmpty() ? name : space + "." + name);
                if (found == null) {
                    throw new BadRecord("The schema names a type it does not define: " + name);
                }
                yield found;
            }
        };
    }

    private static AvroType enter(JsonNode schema, String space, Map<String, AvroType> known, Tag tag) {
        AvroType found = new AvroType(tag);
        known.put(fullName(schema, space), found);
        return found;
    }

    private static String fullName(JsonNode schema, String space) {
        String name = schema.path("name").asText();
        String own = schema.path("namespace").asText(space);
        return name.contains(".") || own.isEmpty() ? name : own + "." + name;
    }

    private static String spaceOf(String fullName) {
        return fullName.substring(0, Math.max(fullName.lastIndexOf('.'), 0));
    }

    private static AvroType holding(Tag tag, AvroType element) {
        AvroType found = new AvroType(tag);
        found.parts = new AvroType[] {element};
        return found;
    }

    private static String[] texts(JsonNode list) {
        String[] found = new String[list.size()];
        for (int i = 0; i < found.length; i++) {
            found[i] = list.get(i).asText();
        }
        return found;
    }

    void skip(Input in) {
        switch (tag) {
            case NULL -> { }
            case BOOLEAN -> in.skip(1);
            case LONG, ENUM -> in.readLong();
            case FLOAT -> in.skip(4);
            case DOUBLE -> in.skip(8);
            case TEXT -> in.skip(in.readLong());
            case FIXED -> in.skip(size);
            case UNION -> branch(in).skip(in);
            case RECORD -> {
                for (AvroType part : parts) {
                    part.skip(in);
                }
            }
            case ARRAY, MAP -> {
                for (long left = in.readLong(); left != 0; left = in.readLong()) {
                    if (left < 0) {
                        in.skip(in.readLong());
                        continue;
                    }
                    for (; left > 0; left--) {
                        if (tag == Tag.MAP) {
                            in.skip(in.readLong());
                        }
                        parts[0].skip(in);
                    }
                }
            }
        }
    }

    /** The branch of a union that a value says it is of. */
    AvroType branch(Input in) {
        long index = in.readLong();
        if (index < 0 || index >= parts.length) {
            throw new BadRecord("A union has no branch " + index + ".");
        }
        return parts[(int) index];
    }
}
