using System.Net.Http.Headers;
using System.Text;
using Interlock.Json;

namespace Interlock.Tests.Mcp;

/// <summary>A client of one person that says exactly what a test wants: requests of revision 2026-07-28, or of an older one.</summary>
internal sealed class McpProbe(HttpClient http, Uri origin, string token)
{
    public const string Newest = "2026-07-28";

    public string Revision { get; init; } = Newest;

    public string Path { get; init; } = "/mcp";

    public JsonValue Capabilities { get; init; } = JsonValue.EmptyObject;

    /// <summary>The answer to a request, error or not, and what was said before it.</summary>
    public async Task<(int Status, JsonValue Answer, List<JsonValue> Before)> SendAsync(string method, JsonValue? parameters = null)
    {
        using var request = Request(method, parameters ?? JsonValue.EmptyObject);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var messages = text.StartsWith('{')
            ? [text]
            : text.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..]).ToList();
        var read = messages.Select(message => StrictJson.ParseLenient(Encoding.UTF8.GetBytes(message))).ToList();
        return ((int)response.StatusCode, read[^1], read[..^1]);
    }

    /// <summary>The result of a request that has one.</summary>
    public async Task<JsonValue> ResultAsync(string method, JsonValue? parameters = null)
    {
        var (_, answer, _) = await SendAsync(method, parameters);
        return answer["result"] ?? throw new InvalidOperationException(answer.ToString());
    }

    /// <summary>The error of a request that has none but that.</summary>
    public async Task<JsonValue> ErrorAsync(string method, JsonValue? parameters = null)
    {
        var (_, answer, _) = await SendAsync(method, parameters);
        return answer["error"] ?? throw new InvalidOperationException(answer.ToString());
    }

    public HttpRequestMessage Request(string method, JsonValue parameters)
    {
        if (Revision == Newest)
            parameters = parameters.With("_meta", (parameters["_meta"] ?? JsonValue.EmptyObject)
                .With("io.modelcontextprotocol/protocolVersion", Newest).With("io.modelcontextprotocol/clientCapabilities", Capabilities));
        var body = JsonValue.Object(("jsonrpc", "2.0"), ("id", 7), ("method", method), ("params", parameters));
        var request = EndpointFixture.Post(new Uri(origin, Path), body.ToString());
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("MCP-Protocol-Version", Revision);
        request.Headers.Add("Mcp-Method", method);
        if ((parameters["name"] ?? parameters["uri"] ?? parameters["taskId"])?.StringOrNull() is { } name) request.Headers.TryAddWithoutValidation("Mcp-Name", name);
        return request;
    }
}
