using Interlock.Json;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Mcp;

/// <summary>
/// What the protocol revisions ask of a POST beyond its JSON-RPC: from 2026-07-28 on, version and capabilities travel in every
/// request's <c>_meta</c>, and the headers <c>MCP-Protocol-Version</c>, <c>Mcp-Method</c> and <c>Mcp-Name</c> repeat the body.
/// </summary>
internal static class McpProtocolRules
{
    public const string NewestVersion = "2026-07-28";
    public const string VersionHeader = "MCP-Protocol-Version";
    private const string MethodHeader = "Mcp-Method";
    private const string NameHeader = "Mcp-Name";
    private const string VersionMeta = "io.modelcontextprotocol/protocolVersion";
    public const string LogNotification = "notifications/message";
    public const string LogLevelMeta = "io.modelcontextprotocol/logLevel";
    public const string CapabilitiesMeta = "io.modelcontextprotocol/clientCapabilities";

    /// <summary>The newest revision that begins with <c>initialize</c>.</summary>
    public const string NewestHandshake = "2025-11-25";

    private static readonly string[] Versions = ["2024-11-05", "2025-03-26", "2025-06-18", NewestHandshake, NewestVersion];

    private static readonly string[] RemovedMethods =
        ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"];

    /// <summary>Whether the request travels under a revision whose JSON-RPC errors have HTTP statuses.</summary>
    public static bool IsSessionless(HttpContext context) => Version(context) == NewestVersion;

    /// <summary>The revision that the request names in its header; one without was negotiated as 2025-03-26 or older.</summary>
    public static string? Version(HttpContext context) => Header(context, VersionHeader);

    /// <summary>The revision to speak with a client that asks for one in <c>initialize</c>: the one it asks for where there is such a handshake.</summary>
    public static string Negotiate(string? asked) => asked is not (null or NewestVersion) && Versions.Contains(asked) ? asked : NewestHandshake;

    /// <summary>The first rule this request breaks, or null.</summary>
    public static McpError? Check(HttpContext context, McpMessage message)
    {
        var header = Header(context, VersionHeader);
        if (header is not null && !Versions.Contains(header)) return Unsupported(header);
        if (message.Method is not { } method) return null;
        return Envelope(context, message, header) ?? (header == NewestVersion ? Newest(context, message, method) : null);
    }

    private static McpError? Envelope(HttpContext context, McpMessage message, string? header)
    {
        if (message.Method == "initialize" && header is not null &&
            message.Params?["protocolVersion"]?.StringOrNull() is { } asked && asked != header)
            return Mismatch(VersionHeader, header, "params.protocolVersion", asked);

        var meta = message.Params?["_meta"]?[VersionMeta]?.StringOrNull();
        if (header != NewestVersion && meta != NewestVersion) return null;
        if (header is null)
            return new(400, McpErrorCodes.HeaderMismatch, $"The header {VersionHeader} is required with {VersionMeta}; send {meta}.");
        if (message.Id is null) return null; // nobody would read a notification's refusal, and a cancellation must not be lost
        if (meta is null)
            return new(400, McpErrorCodes.InvalidParams, $"A request of revision {header} carries _meta[\"{VersionMeta}\"].");
        return meta == header ? null : Mismatch(VersionHeader, header, $"_meta[\"{VersionMeta}\"]", meta);
    }

    private static McpError? Newest(HttpContext context, McpMessage message, string method)
    {
        if (Header(context, MethodHeader) is not { } named)
            return new(400, McpErrorCodes.HeaderMismatch, $"The header {MethodHeader} is missing; send {method}.");
        if (named != method) return Mismatch(MethodHeader, named, "method", method);

        var target = method switch
        {
            "tools/call" or "prompts/get" => "name",
            "resources/read" => "uri",
            "tasks/get" or "tasks/update" or "tasks/cancel" => "taskId",
            _ => null,
        };
        if (target is not null)
        {
            var wanted = message.Params?[target]?.StringOrNull();
            if (Header(context, NameHeader) is not { } sent)
                return new(400, McpErrorCodes.HeaderMismatch, $"The header {NameHeader} is missing; it repeats params.{target}.");
            if (McpHeaderEncoder.DecodeValue(sent) != wanted) return Mismatch(NameHeader, sent, $"params.{target}", wanted ?? "(none)");
        }

        if (message.Id is null) return null;
        if (message.Params?["_meta"]?[CapabilitiesMeta] is not { IsObject: true })
            return new(400, McpErrorCodes.InvalidParams, $"A request of revision {NewestVersion} carries _meta[\"{CapabilitiesMeta}\"], an object.");
        return RemovedMethods.Contains(method)
            ? new(404, McpErrorCodes.MethodNotFound, $"The method {method} is not part of revision {NewestVersion}.")
            : null;
    }

    private static McpError Unsupported(string version) => new(
        400,
        McpErrorCodes.UnsupportedVersion,
        $"The protocol version {version} is not supported; use {NewestVersion}.",
        JsonValue.Object(("supported", JsonValue.Array(JsonValue.From(NewestVersion))), ("requested", version)));

    private static McpError Mismatch(string header, string sent, string place, string body) =>
        new(400, McpErrorCodes.HeaderMismatch, $"The header {header} says {sent}, but {place} says {body}.");

    private static string? Header(HttpContext context, string name) =>
        context.Request.Headers.TryGetValue(name, out var values) ? values.ToString().Trim() : null;
}
