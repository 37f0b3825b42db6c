using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>What a client asked for, by the name it uses, and how it is told that nothing came of it: as an <c>isError</c> result of a tool, or as an error.</summary>
internal sealed record CallSubject(string Name, JsonValue? Contract)
{
    /// <summary>How an upstream's refusal for what the client can't do is said in the revision that has an error for it; null for any other result.</summary>
    public static McpAnswer? Lacking(McpExchange exchange, GatewayResult result) => exchange.IsNewest && result is GatewayResult.Failed { Problem.Needs: { } needs }
        ? McpAnswer.Fail(McpErrorCodes.MissingCapability, "The server needs what the client does not state that it can.", JsonValue.Object(("requiredCapabilities", needs)))
        : null;

    /// <param name="problem">What went wrong.</param>
    /// <param name="structured">The problem with more to it, or null.</param>
    public McpAnswer Fail(Problem problem, JsonValue? structured)
    {
        var whole = structured ?? problem.ToJson();
        if (Contract is not null) return McpAnswer.Of(CallResults.Fit(Contract, CallResults.Of(problem, whole)));
        var code = problem.Status is 400 or 404 ? McpErrorCodes.InvalidParams : McpErrorCodes.InternalError;
        return McpAnswer.Fail(code, $"{problem.Title}. {problem.Detail}".TrimEnd(), whole);
    }
}
