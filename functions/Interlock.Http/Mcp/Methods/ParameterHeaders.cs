using Interlock.Json;
using ModelContextProtocol.Protocol;

namespace Interlock.Http.Mcp.Methods;

/// <summary>
/// The headers <c>Mcp-Param-*</c> of 2026-07-28, which repeat arguments whose schema states <c>x-mcp-header</c>, for what stands between client and server to go
/// by: each is there exactly when its argument is, and says the same.
/// </summary>
internal static class ParameterHeaders
{
    private const string Prefix = "Mcp-Param-";

    public static McpAnswer? Check(McpExchange exchange, JsonValue? schema, JsonValue arguments)
    {
        if (!exchange.IsNewest || schema?["properties"] is not { IsObject: true } properties) return null;
        foreach (var (name, property) in properties.Members)
        {
            var argument = arguments[name];
            if (argument is { IsObject: true })
            {
                if (Check(exchange, property, argument) is { } inner) return inner;
                continue;
            }
            if (property["x-mcp-header"]?.StringOrNull() is not { Length: > 0 } suffix) continue;
            var wanted = argument is null or { IsNull: true } or { IsArray: true } ? null : argument.StringOrNull() ?? argument.ToString();
            var sent = exchange.Http.Request.Headers.TryGetValue(Prefix + suffix, out var values) ? values.ToString().Trim() : null;
            if ((sent is null ? null : McpHeaderEncoder.DecodeValue(sent)) != wanted || (sent is null) != (wanted is null))
                return McpAnswer.Fail(McpErrorCodes.HeaderMismatch, $"The header {Prefix}{suffix} repeats the argument {JsonValue.From(name)}; it is {(sent is null ? "missing" : "another")}.");
        }
        return null;
    }
}
