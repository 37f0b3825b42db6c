using System.Text;
using Interlock.Core.Endpoints;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>One request as it is sent, with what its answer is read by.</summary>
internal sealed record HttpExchange(HttpRequestMessage Request, OneShotContent Content, JsonValue Arguments)
{
    private const string ContentType = "content-type";
    private const string Json = "application/json";
    private const string Form = "application/x-www-form-urlencoded";
    private const int MaxKey = 255;

    /// <summary>The request that the call's arguments describe, or why they describe none. What the contract refuses is refused here once more.</summary>
    public static (HttpExchange? Exchange, string? Flaw) Of(UpstreamCall call)
    {
        var arguments = StrictJson.Parse(call.Arguments.Span);
        if (Address(call.Endpoint.Address, arguments) is not { } address) return (null, "Its path does not lie below the registered address.");
        var headers = (arguments[HttpArguments.Headers] ?? JsonValue.EmptyObject).Members;
        if (headers.FirstOrDefault(header => HttpHeaderRules.Refuse(header.Key) is not null || header.Value.StringOrNull() is not { } value || !HttpHeaderRules.IsValue(value)).Key is { } bad)
            return (null, $"The header '{bad}' can't be set.");
        var type = headers.Find(ContentType)?.AsString();
        if (Written(arguments[HttpArguments.Body], type) is not { } body) return (null, "Its body is no text, and its content type says neither JSON nor a form.");
        var content = new OneShotContent(body, type ?? (arguments[HttpArguments.Body] is null ? null : Json));
        var request = new HttpRequestMessage(new HttpMethod(call.Tool), address) { Content = content };
        foreach (var (name, value) in headers.Where(header => header.Key != ContentType))
            if (!request.Headers.TryAddWithoutValidation(name, value.AsString())) content.Headers.TryAddWithoutValidation(name, value.AsString());
        if (!headers.Contains("accept")) request.Headers.TryAddWithoutValidation("Accept", "application/json, text/*;q=0.9, */*;q=0.8");
        if (!headers.Contains("user-agent")) request.Headers.TryAddWithoutValidation("User-Agent", "interlock");
        request.Headers.TryAddWithoutValidation("Idempotency-Key", Key(call.IdempotencyKey));
        if (call.TraceParent is { } trace) request.Headers.TryAddWithoutValidation("traceparent", trace);
        return (new HttpExchange(request, content, arguments), null);
    }

    public string Output => Arguments[HttpArguments.Output]?.StringOrNull() ?? "content";

    public bool TakesRedirects => Arguments[HttpArguments.Redirect] == JsonValue.True;

    /// <summary>The request as a document may see it: without what was put on it for the registration.</summary>
    public JsonValue Shown() => JsonValue.Object(
        ("method", Request.Method.Method), ("uri", Request.RequestUri!.OriginalString), ("headers", Arguments[HttpArguments.Headers] ?? JsonValue.EmptyObject)); // made with an address

    /// <summary>The registered origin with the path and the query, exactly so on the wire.</summary>
    private static Uri? Address(Uri registered, JsonValue arguments)
    {
        if (EndpointUri.Read(registered.AbsoluteUri).Uri is not { } at || arguments[HttpArguments.Path]?.StringOrNull() is not { } path) return null;
        if (EndpointUri.Read(at.Origin + path).Uri is not { } endpoint || endpoint.Path != path || !at.Holds(endpoint)) return null;
        var query = Pairs(arguments[HttpArguments.Query]);
        return new Uri(at.Origin + path + (query.Length > 0 ? "?" + query : ""), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }

    /// <summary>The bytes of a body under a content type, or null where it has none.</summary>
    private static byte[]? Written(JsonValue? body, string? type)
    {
        if (body is null) return [];
        var media = (type ?? Json).Split(';')[0].Trim().ToLowerInvariant();
        if (media == Json || media.EndsWith("+json", StringComparison.Ordinal)) return CanonicalJson.Serialize(body);
        if (body.StringOrNull() is { } text) return Encoding.UTF8.GetBytes(text);
        return media == Form && body.IsObject ? Encoding.UTF8.GetBytes(Pairs(body)) : null;
    }

    private static string Pairs(JsonValue? members) => members is not { IsObject: true } ? "" : string.Join('&', members.Members
        .SelectMany(member => member.Value.IsArray ? member.Value.Items.Select(item => (member.Key, Value: item)) : [(member.Key, Value: member.Value)])
        .Where(pair => !pair.Value.IsNull)
        .Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value.StringOrNull() ?? pair.Value.ToString())}"));

    /// <summary>The key as it is where a header can hold it, else its digest: the same call has the same one either way.</summary>
    private static string Key(string key) => key.Length is > 0 and <= MaxKey && key.All(c => c is > ' ' and <= '~') ? key : CanonicalJson.Digest(JsonValue.From(key));
}
