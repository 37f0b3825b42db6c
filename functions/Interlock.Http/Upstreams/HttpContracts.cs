using System.Text;
using Interlock.Core.Endpoints;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>
/// What can be asked of a plain HTTP endpoint: each method, for whatever lies below its address. The contracts are ours; they hold the endpoint's path, so that an argument that leads
/// out of it is none, and admit one form only of what could be written in several.
/// </summary>
internal static class HttpContracts
{
    private const string Character = @"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F][0-9A-F])";
    private const string Punctuation = "^$\\.*+?()[]{}|/";

    private static readonly JsonValue Scalar = StrictJson.Parse("""{"type":["string","number","boolean","null"]}""");

    public static IReadOnlyList<ToolContract> Of(EndpointUri endpoint) => [.. HttpMethods.All.Select(method => Contract(method, endpoint))];

    private static ToolContract Contract(string method, EndpointUri endpoint) => ToolContract.Read(
        JsonValue.Object(("name", method), ("description", $"Sends one {method} request to this endpoint or below it."), ("inputSchema", Schema(endpoint))), null)!; // it has both

    private static JsonValue Schema(EndpointUri endpoint) => JsonValue.Object(
        ("type", "object"),
        ("required", JsonValue.Array(HttpArguments.Path)),
        ("additionalProperties", false),
        ("properties", JsonValue.Object(
            (HttpArguments.Origin, StrictJson.Parse("""{"type":"string","description":"The endpoint's own scheme, host and port."}""")),
            (HttpArguments.Path, Path(endpoint)),
            (HttpArguments.Query, JsonValue.Object(("type", "object"), ("maxProperties", 200), ("additionalProperties", JsonValue.Object(("anyOf", JsonValue.Array(
                Scalar, JsonValue.Object(("type", "array"), ("maxItems", 200), ("items", Scalar)))))))),
            (HttpArguments.Headers, Headers()),
            (HttpArguments.Body, JsonValue.EmptyObject),
            (HttpArguments.Output, StrictJson.Parse("""{"enum":["content","raw","response"]}""")),
            (HttpArguments.Redirect, StrictJson.Parse("""{"type":"boolean","description":"Whether a 3xx answer is a result; none is ever followed."}""")),
            (HttpArguments.Credential, StrictJson.Parse("""{"type":"string","description":"The name of the registered secret."}""")))));

    private static JsonValue Path(EndpointUri endpoint) => JsonValue.Object(
        ("type", "string"),
        ("maxLength", EndpointUri.MaxLength),
        ("pattern", endpoint.Base.Length == 0 ? $"^(?:/{Character}*)+$" : $"^{Escaped(endpoint.Base)}(?:/{Character}*)*$"),
        ("not", JsonValue.Object(("anyOf", JsonValue.Array(
            JsonValue.Object(("pattern", @"(?:^|/)\.\.?(?:;[^/]*)?(?:/|$)")),
            JsonValue.Object(("pattern", "//")),
            JsonValue.Object(("pattern", "%(?:25)*(?:2[EFef]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])")))))));

    private static JsonValue Headers() => JsonValue.Object(
        ("type", "object"),
        ("maxProperties", 64),
        ("propertyNames", JsonValue.Object(
            ("pattern", "^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$"),
            ("not", JsonValue.Object(("enum", JsonValue.Array(HttpHeaderRules.Forbidden.Select(JsonValue.From))))))),
        ("additionalProperties", JsonValue.Object(("type", "string"), ("maxLength", HttpHeaderRules.MaxValue), ("pattern", @"^[\t -~]*$"))));

    private static string Escaped(string path)
    {
        var escaped = new StringBuilder();
        foreach (var c in path) escaped.Append(c != '/' && Punctuation.Contains(c) ? "\\" : "").Append(c);
        return escaped.ToString();
    }
}
