import static java.nio.charset.StandardCharsets.UTF_8;

import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.PathNotFoundException;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import net.minidev.json.JSONValue;
import org.apache.commons.lang.StringEscapeUtils;
import org.apache.velocity.Template;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.runtime.RuntimeInstance;

/**
 * Evaluates mapping templates with Apache Velocity, and what API Gateway gives them as AWS documents it:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
 *
 * <p>Standard input is {"templates": [text], "cases": [{"template", "body", "path", "querystring", "header", "context"}]},
 * standard output the cases' outcomes: {"text", "overrides"} or {"error"}.
 */
public final class Render {
  private Render() {}

  @SuppressWarnings("unchecked")
  public static void main(String[] arguments) throws Exception {
    Map<String, Object> asked = (Map<String, Object>) parse(new String(System.in.readAllBytes(), UTF_8));
    RuntimeInstance velocity = new RuntimeInstance();
    Properties settings = new Properties();
    settings.put("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
    settings.put("directive.foreach.maxloops", "1000"); // API Gateway's limit
    velocity.init(settings);
    List<Template> templates = new ArrayList<>();
    for (String text : (List<String>) asked.get("templates")) {
      Template template = new Template();
      template.setRuntimeServices(velocity);
      template.setData(velocity.parse(new StringReader(text), "template" + templates.size()));
      template.initDocument();
      templates.add(template);
    }
    List<Object> outcomes = new ArrayList<>();
    for (Map<String, Object> request : (List<Map<String, Object>>) asked.get("cases")) {
      outcomes.add(outcome(templates.get((Integer) request.get("template")), request));
    }
    System.out.write(escaped(JSONValue.toJSONString(outcomes)).getBytes(UTF_8));
    System.out.flush();
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> outcome(Template template, Map<String, Object> request) {
    Map<String, Object> context = (Map<String, Object>) request.get("context");
    Map<String, Object> overrides = new LinkedHashMap<>();
    overrides.put("header", new LinkedHashMap<String, Object>());
    context.put("responseOverride", overrides);
    VelocityContext names = new VelocityContext();
    names.put("context", context);
    names.put("input", new Input((String) request.get("body"), request));
    names.put("util", new Util());
    names.put("stageVariables", new HashMap<String, String>());
    Map<String, Object> outcome = new LinkedHashMap<>();
    try {
      StringWriter printed = new StringWriter();
      template.merge(names, printed);
      outcome.put("text", printed.toString());
      outcome.put("overrides", overrides);
    } catch (RuntimeException error) {
      outcome.put("error", String.valueOf(error.getMessage()));
    }
    return outcome;
  }

  private static Object parse(String json) {
    return Configuration.defaultConfiguration().jsonProvider().parse(json);
  }

  /** Half of a surrogate pair, which UTF-8 cannot hold, is escaped. */
  private static String escaped(String json) {
    StringBuilder text = new StringBuilder();
    for (char unit : json.toCharArray()) {
      text.append(unit < 0x80 ? String.valueOf(unit) : String.format("\\u%04x", (int) unit));
    }
    return text.toString();
  }

  /** {@code $input}. */
  public static final class Input {
    private final Object document;
    private final Map<String, Object> request;

    Input(String body, Map<String, Object> request) {
      this.document = parse(body.isEmpty() ? "{}" : body);
      this.request = request;
    }

    /** Returns the JSON at a path, and an empty text where there is nothing. */
    public String json(String path) {
      Object found = path(path);
      return JSONValue.toJSONString(found == null && !present(path) ? "" : found);
    }

    /** Returns what is at a path. */
    public Object path(String path) {
      try {
        return JsonPath.read(document, path);
      } catch (PathNotFoundException missing) {
        return null;
      }
    }

    private boolean present(String path) {
      try {
        JsonPath.read(document, path);
        return true;
      } catch (PathNotFoundException missing) {
        return false;
      }
    }

    /** Returns all parameters. */
    public Map<String, Object> params() {
      Map<String, Object> all = new LinkedHashMap<>();
      for (String place : List.of("path", "querystring", "header")) {
        all.put(place, request.get(place));
      }
      return all;
    }

    /** Returns a parameter of the path, the query or the header, searched for in this order. */
    @SuppressWarnings("unchecked")
    public String params(String name) {
      for (Object values : params().values()) {
        String value = ((Map<String, String>) values).get(name);
        if (value != null) {
          return value;
        }
      }
      return "";
    }
  }

  /** {@code $util}. */
  public static final class Util {
    public String escapeJavaScript(String text) {
      return StringEscapeUtils.escapeJavaScript(text);
    }

    public Object parseJson(String json) {
      return parse(json);
    }

    public String urlEncode(String text) {
      return URLEncoder.encode(text, UTF_8);
    }

    public String urlDecode(String text) {
      return URLDecoder.decode(text, UTF_8);
    }

    public String base64Encode(String text) {
      return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
    }

    public String base64Decode(String text) {
      return new String(Base64.getDecoder().decode(text), UTF_8);
    }
  }
}
