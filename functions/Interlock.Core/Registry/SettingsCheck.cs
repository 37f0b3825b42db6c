using System.Collections.Immutable;
using Interlock.Core.Endpoints;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Registry;

/// <summary>Whether settings can be registered, wherever they come from. What is wrong comes back with the JSON pointer of it.</summary>
internal static class SettingsCheck
{
    public const string Rule = "invalid-settings";

    private static readonly ImmutableHashSet<string> ReservedHeaders = ImmutableHashSet.Create(
        StringComparer.OrdinalIgnoreCase, "Accept", "Connection", "Content-Length", "Content-Type", "Cookie", "Expect", "Host", "Keep-Alive", "Last-Event-ID", "Origin",
        "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "traceparent", "tracestate", "baggage");

    /// <summary>What is wrong by itself, or null.</summary>
    public static Problem? Check(ServerSettings settings, Uri address, string pointer)
    {
        if (SettingsSchema.Compiled.Validate(RunJson.ToValue(settings)) is [var first, ..]) return Invalid(pointer + first.InstanceLocation, first.Message);
        return Protocol(settings, address, pointer)
            ?? Replicas(settings.Replicas, address, pointer + "/replicas")
            ?? Auth(settings.Auth, pointer + "/auth")
            ?? Origins(settings.ElicitationOrigins, pointer + "/elicitationOrigins")
            ?? settings.Tools.Select(tool => Tool(tool.Value, JsonPointer.Append(pointer + "/tools", tool.Key))).FirstOrDefault(problem => problem is not null);
    }

    /// <summary>Settings of tools that the server does not show, or null.</summary>
    public static Problem? Unknown(ServerSettings settings, IEnumerable<string> shown, string pointer)
    {
        var known = shown.ToHashSet(StringComparer.Ordinal);
        var unknown = settings.Tools.Keys.Where(name => !known.Contains(name)).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count == 0) return null;
        var names = Excerpt.Of(string.Join(", ", unknown), 500);
        return Invalid(JsonPointer.Append(pointer + "/tools", unknown[0]), $"The server shows no {names}; it shows {Excerpt.Of(string.Join(", ", known.Order(StringComparer.Ordinal)), 2000)}.");
    }

    public static Problem Invalid(string pointer, string detail) =>
        new(ProblemTypes.Validation, 400, "The settings can't be registered", detail, pointer) { Stage = "registry", Rule = Rule };

    /// <summary>What is called below an address is found by comparing it, so it must have one form only; replicas are called with the same paths.</summary>
    private static Problem? Protocol(ServerSettings settings, Uri address, string pointer)
    {
        if (settings.Protocol == ServerProtocol.Mcp) return null;
        if (settings.ElicitationOrigins.Length > 0) return Invalid(pointer + "/elicitationOrigins", "A plain HTTP endpoint asks callers nothing.");
        var (registered, flaw) = EndpointUri.Read(address.AbsoluteUri);
        if (registered is null) return Invalid(pointer + "/protocol", $"The address can't be an HTTP endpoint's: {flaw}.");
        if (address.Query.Length > 0) return Invalid(pointer + "/protocol", "An HTTP endpoint's address has no query: calls bring their own.");
        for (var i = 0; i < settings.Replicas.Length; i++)
            if (EndpointUri.Read(settings.Replicas[i].AbsoluteUri).Uri is not { Query.IsEmpty: true } replica || replica.Base != registered.Base)
                return Invalid(JsonPointer.Append(pointer + "/replicas", i), "A replica of an HTTP endpoint has the same path, and no query.");
        return null;
    }

    private static Problem? Replicas(ImmutableArray<Uri> replicas, Uri address, string pointer)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { address.AbsoluteUri };
        for (var i = 0; i < replicas.Length; i++)
        {
            var place = JsonPointer.Append(pointer, i);
            if (UpstreamAddress.Check(replicas[i], place) is { } refusal) return Invalid(place, refusal.Detail!); // it explains each
            if (!seen.Add(replicas[i].AbsoluteUri)) return Invalid(place, "The address is named twice.");
        }
        return null;
    }

    internal static Problem? Auth(UpstreamAuth? auth, string pointer) => auth switch
    {
        UpstreamAuth.ApiKey { Header: var header } when ReservedHeaders.Contains(header) || header.StartsWith("Mcp-", StringComparison.OrdinalIgnoreCase) =>
            Invalid(pointer + "/header", $"'{header}' is the protocol's own header."),
        UpstreamAuth.ClientCredentials { TokenEndpoint: var endpoint } => TokenEndpoint(endpoint, pointer),
        UpstreamAuth.OnBehalfOf { TokenEndpoint: var endpoint } => TokenEndpoint(endpoint, pointer),
        _ => null,
    };

    /// <summary>A secret goes there: encrypted, or within this machine.</summary>
    private static Problem? TokenEndpoint(Uri endpoint, string pointer)
    {
        var place = pointer + "/tokenEndpoint";
        if (UpstreamAddress.Check(endpoint, place) is { } refusal) return Invalid(place, refusal.Detail!); // it explains each
        if (endpoint.Fragment.Length > 0) return Invalid(place, "A token endpoint has no fragment.");
        return endpoint.Scheme == "https" || endpoint.IsLoopback ? null : Invalid(place, "A token endpoint is reached by https.");
    }

    private static Problem? Origins(ImmutableArray<string> origins, string pointer)
    {
        for (var i = 0; i < origins.Length; i++)
            if (!Uri.TryCreate(origins[i], UriKind.Absolute, out var origin) || origin.Scheme is not ("http" or "https") || origin.GetLeftPart(UriPartial.Authority) != origins[i] || origin.UserInfo.Length > 0)
                return Invalid(JsonPointer.Append(pointer, i), "An origin is scheme://host[:port] in lower case, with http or https, without a standard port and with nothing behind.");
        return null;
    }

    private static Problem? Tool(ToolSettings tool, string pointer)
    {
        if (tool is { WhenUnavailable: WhenUnavailable.Cached, ReadOnly: false })
            return Invalid(pointer + "/whenUnavailable", "Only a tool that is readOnly is answered from earlier answers.");
        for (var i = 0; i < tool.Redact.Length; i++)
            if (Redact(tool.Redact[i], JsonPointer.Append(pointer + "/redact", i)) is { } problem) return problem;
        return null;
    }

    private static Problem? Redact(Redaction redaction, string pointer)
    {
        if (redaction.Path is { } path && !IsPointer(path)) return Invalid(pointer + "/path", "It is no JSON Pointer: one is empty or begins with '/', and '~' is written ~0, '/' ~1.");
        if (redaction.Pattern is not { } pattern) return null;
        try
        {
            JsonSchema.Compile(JsonValue.Object(("pattern", pattern)));
            return null;
        }
        catch (JsonSchemaException e)
        {
            return Invalid(pointer + "/pattern", Excerpt.Of(e.Message, 500));
        }
    }

    private static bool IsPointer(string text)
    {
        if (text.Length > 0 && text[0] != '/') return false;
        for (var i = text.IndexOf('~'); i >= 0; i = text.IndexOf('~', i + 1))
            if (i + 1 == text.Length || text[i + 1] is not ('0' or '1')) return false;
        return true;
    }
}
