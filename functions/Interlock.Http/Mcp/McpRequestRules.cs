using Interlock.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Interlock.Http.Mcp;

/// <summary>What the shell asks of a request before and while it reads the body.</summary>
internal static class McpRequestRules
{
    /// <summary>The first rule the request line or headers break, or null. Origin and Host come first: a browser must not learn more.</summary>
    public static McpError? CheckHeaders(HttpContext context, McpEndpointOptions options)
    {
        var request = context.Request;
        if (!HostIsAllowed(request.Host, options.AllowedHosts))
            return McpError.Ruled(403, McpErrorCodes.Transport, "This Host is not served here.", "host-not-allowed");
        if (request.Headers.TryGetValue(HeaderNames.Origin, out var origin) && !OriginIsAllowed(request, origin.ToString(), options))
            return McpError.Ruled(403, McpErrorCodes.Transport, "This Origin is not allowed.", "origin-not-allowed");
        if (!HttpMethods.IsPost(request.Method))
        {
            context.Response.Headers.Allow = HttpMethods.Post;
            return new(405, McpErrorCodes.Transport, "This endpoint is stateless: use POST.");
        }
        if (!Accepts(request, "application/json") || !Accepts(request, "text/event-stream"))
            return new(406, McpErrorCodes.Transport, "Accept both application/json and text/event-stream.");
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) ||
            !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            return new(415, McpErrorCodes.Transport, "Send the message as application/json.");
        if (request.Headers.ContentEncoding.Count > 0)
            return new(415, McpErrorCodes.Transport, "Send the body without a Content-Encoding.");
        return request.ContentLength > options.MaxBodyBytes ? TooLarge(options) : null;
    }

    /// <summary>The whole body, or null when it is longer than allowed, whatever its framing.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpContext context, int limit)
    {
        var body = new byte[(int)Math.Min(context.Request.ContentLength ?? 4096, limit) + 1]; // one more, to see the end or one byte too many
        for (var length = 0; ;)
        {
            var read = await context.Request.Body.ReadAsync(body.AsMemory(length), context.RequestAborted);
            if (read == 0) return body.AsMemory(0, length);
            length += read;
            if (length > limit) return null;
            if (length == body.Length) Array.Resize(ref body, (int)Math.Min(2L * length, limit + 1L));
        }
    }

    public static McpError TooLarge(McpEndpointOptions options) =>
        McpError.Ruled(413, McpErrorCodes.Transport, $"The body is larger than {options.MaxBodyBytes} bytes.", "body-limit");

    /// <summary>One JSON-RPC 2.0 message: no batch, no null id.</summary>
    public static McpError? CheckMessage(JsonValue body)
    {
        if (body.IsArray) return Invalid("Batches are not accepted; send one message per POST.");
        if (!body.IsObject) return Invalid("A JSON-RPC message is an object.");
        if (body["jsonrpc"]?.StringOrNull() != "2.0") return Invalid("The member jsonrpc must be \"2.0\".");
        if (OtherCase(body, "jsonrpc", "id", "method", "params") is { } envelope) return envelope;
        if (body["id"] is { } id && !id.IsString && !id.IsNumber) return Invalid("The id must be a string or a number.");
        if (body["method"] is { IsString: false }) return Invalid("The method must be a string.");
        if (body["params"] is { IsObject: false }) return Invalid("The params must be an object.");
        if (body["method"] is null && body["result"] is null && body["error"] is null)
            return Invalid("The message has neither a method nor a result or error.");
        if (body["params"]?["_meta"] is { IsObject: false }) return Invalid("The _meta is an object.");
        if (body["method"]?.StringOrNull() == "tools/call")
        {
            if (body["params"] is { } call && OtherCase(call, "name", "arguments", "_meta", "requestState", "inputResponses") is { } clash) return clash;
            if (body["params"]?["name"] is not { IsString: true })
                return new(400, McpErrorCodes.InvalidParams, "A tools/call names its tool in params.name.");
            if (body["params"]?["arguments"] is { IsObject: false })
                return new(400, McpErrorCodes.InvalidParams, "The arguments of a tools/call are an object.");
        }
        return null;
    }

    /// <summary>Libraries that bind names without regard to case would read <c>NAME</c> as the name; nobody honest sends both or one for the other.</summary>
    private static McpError? OtherCase(JsonValue value, params string[] names)
    {
        foreach (var (member, _) in value.Members)
            if (names.FirstOrDefault(name => name != member && name.Equals(member, StringComparison.OrdinalIgnoreCase)) is { } meant)
                return Invalid($"The member {JsonValue.From(member)} is written {meant}.");
        return null;
    }

    private static McpError Invalid(string message) => new(400, McpErrorCodes.InvalidRequest, message);

    private static bool HostIsAllowed(HostString host, IReadOnlyCollection<string> allowed) =>
        allowed.Count == 0 ||
        allowed.Contains(host.Value, StringComparer.OrdinalIgnoreCase) ||
        allowed.Contains(host.Host, StringComparer.OrdinalIgnoreCase);

    /// <summary>A page of the very host it calls is no other's, where hosts are known: else any name could be made to lead here.</summary>
    private static bool OriginIsAllowed(HttpRequest request, string origin, McpEndpointOptions options) =>
        options.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase)
        || (options.AllowedHosts.Count > 0 && origin.Equals($"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase));

    private static bool Accepts(HttpRequest request, string mediaType)
    {
        var wanted = new MediaTypeHeaderValue(mediaType);
        return MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted) &&
            accepted.Any(range => range.Quality is not 0 && wanted.IsSubsetOf(WithoutQuality(range)));
    }

    private static MediaTypeHeaderValue WithoutQuality(MediaTypeHeaderValue range) => new(range.MediaType);
}
