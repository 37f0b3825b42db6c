using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp.Methods;

/// <summary>A prompt of a server, by the name that clients see.</summary>
internal sealed class PromptsGet(InterlockWeb web, Catalogs catalogs, OperationCalls operations) : IMcpMethod
{
    public string Name => "prompts/get";

    public async ValueTask<McpAnswer> AnswerAsync(McpExchange exchange, CancellationToken ct)
    {
        var caller = McpCaller.Of(exchange);
        var registry = await web.Registry.ReadAsync(caller.Principal.Tenant, ct);
        if (exchange.Params["name"]?.StringOrNull() is not { } name || catalogs.Of(registry, caller.Server).Prompt(name) is not { } prompt)
            return McpAnswer.Fail(McpErrorCodes.InvalidParams, "There is no such prompt; prompts/list names those there are.");
        var parameters = JsonValue.Object(("name", prompt.Name));
        if (exchange.Params["arguments"] is { } arguments) parameters = parameters.With("arguments", arguments);
        return await operations.AnswerAsync(exchange, caller, registry, prompt.Entry, parameters, new CallSubject(name, null), ct);
    }
}
