using System.Collections.Immutable;

namespace Interlock.Core.Endpoints;

/// <summary>
/// The headers that no document and no caller sets: those of the connection, those that say who asks, those that Interlock sends itself, and those that make
/// another request of the one that was approved.
/// </summary>
public static class HttpHeaderRules
{
    public const int MaxValue = 4096;

    public static ImmutableArray<string> Forbidden { get; } =
    [
        "accept-encoding", "authorization", "baggage", "connection", "content-length", "cookie", "cookie2", "expect", "forwarded", "host", "http2-settings", "idempotency-key", "keep-alive",
        "origin", "proxy-authorization", "proxy-connection", "referer", "te", "traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade", "via",
        "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto", "x-forwarded-server", "x-http-method", "x-http-method-override", "x-method-override",
        "x-original-host", "x-original-url", "x-real-ip", "x-rewrite-url",
    ];

    /// <summary>Why a header can't be set, or null. Names are compared whatever their case.</summary>
    public static string? Refuse(string name) =>
        !IsName(name) ? "it is no header's name" : Forbidden.Contains(name.ToLowerInvariant()) ? "it belongs to the connection, to the credentials or to Interlock, and is not a document's to set" : null;

    /// <summary>Visible ASCII, spaces and tabs: what can't end a header and begin another.</summary>
    public static bool IsValue(string value) => value.Length <= MaxValue && value.All(c => c is >= ' ' and <= '~' or '\t');

    private static bool IsName(string name) => name.Length is > 0 and <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c));
}
