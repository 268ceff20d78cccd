package ordertruth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;

/** The schema registry, asked once for each id. */
final class Schemas {
    private static final int TIMEOUT_MS = 10_000;

    private final ObjectMapper json = new ObjectMapper();
    private final String url;
    private final Map<Integer, EventSchema> known = new HashMap<>();
    private int lastId = -1;
    private EventSchema last;

    Schemas(String url) {
        this.url = url;
    }

    /** How to read records of this id; throws BadRecord for an id the registry does not know. */
    EventSchema get(int id) {
        if (id != lastId) {
            EventSchema found = known.get(id);
            if (found == null) {
                found = fetch(id);
                known.put(id, found);
            }
            last = found;
            lastId = id;
        }
        return last;
    }

    private EventSchema fetch(int id) {
        try {
            HttpURLConnection connection = (HttpURLConnection)
                    URI.create(url + "/schemas/ids/" + id).toURL().openConnection(Proxy.NO_PROXY);
            connection.setConnectTimeout(TIMEOUT_MS);
            connection.setReadTimeout(TIMEOUT_MS);
            if (connection.getResponseCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                throw new BadRecord("The registry knows no schema with id " + id + ".");
            }
            try (InputStream answer = connection.getInputStream()) {
                JsonNode schema = json.readTree(json.readTree(answer).path("schema").asText());
                return new EventSchema(schema);
            }
        } catch (IOException error) {
            throw new UncheckedIOException("The registry does not answer.", error);
        }
    }
}
