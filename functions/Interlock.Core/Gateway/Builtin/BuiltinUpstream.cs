using Interlock.Core.Blackboards;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Core.Gateway.Builtin;

/// <summary>Serves the tools of <see cref="BuiltinServer"/> in this process, for the run that calls: each run sees its own blackboard and no other, children and parents neither.</summary>
internal sealed class BuiltinUpstream(Blackboard blackboard) : IUpstream
{
    public async Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct)
    {
        if (call is not { Run: { } run, Endpoint.Tenant: { } tenant }) return Rejected("There is no run whose blackboard this could be.");
        var arguments = StrictJson.ParseLenient(call.Arguments.Span);
        return call.Tool switch
        {
            BuiltinServer.Get => Done(await blackboard.GetAsync(tenant, run, Key(arguments), ct)),
            BuiltinServer.Put => await PutAsync(tenant, run, call.IdempotencyKey, arguments, ct),
            BuiltinServer.List => Done(await blackboard.ListAsync(tenant, run, arguments["prefix"]?.AsString() ?? "", ct)),
            _ => Rejected($"There is no tool '{call.Tool}'."),
        };
    }

    private async Task<UpstreamResult> PutAsync(TenantId tenant, RunId run, string put, JsonValue arguments, CancellationToken ct) =>
        await blackboard.PutAsync(tenant, run, put, Key(arguments), arguments["value"] ?? JsonValue.Null, (long?)arguments["expected"]?.AsNumber(), ct) switch
        {
            BlackboardResult.Written written => Done(JsonValue.Object(("written", true), ("version", written.Version))),
            BlackboardResult.Stands stands => Done(JsonValue.Object(("written", false), ("version", stands.Version), ("value", stands.Value))),
            BlackboardResult.TooMuch refused => Rejected(refused.Why),
            var other => throw new InvalidOperationException($"Unexpected {other.GetType().Name}."),
        };

    private static string Key(JsonValue arguments) => arguments["key"]!.AsString(); // the contract requires it

    private static UpstreamResult.Completed Done((JsonValue Value, long Version) read) => Done(JsonValue.Object(("found", read.Version > 0), ("value", read.Value), ("version", read.Version)));

    private static UpstreamResult.Completed Done(IReadOnlyList<(string Key, long Version, long Bytes)> keys) =>
        Done(JsonValue.Object(("keys", JsonValue.Array(keys.Select(one => JsonValue.Object(("key", one.Key), ("version", one.Version), ("bytes", one.Bytes)))))));

    private static UpstreamResult.Completed Done(JsonValue output) => new(output, false);

    private static UpstreamResult.Rejected Rejected(string why) => new(new Problem(ProblemTypes.Limit, 409, "The blackboard did not take it", why));
}
