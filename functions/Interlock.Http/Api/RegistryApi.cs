using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Changes;
using Interlock.Core.Registry.Contracts;
using Interlock.Core.Runs;
using Interlock.Http.Pages;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>The registry: what is registered, registering servers and agents, lifecycle.</summary>
internal static class RegistryApi
{
    public static async Task<ApiResult> ListAsync(ApiRequest request)
    {
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        var kind = request.Query("kind");
        var entries = registry.All
            .Where(entry => kind is null || entry.Kind.ToString().Equals(kind, StringComparison.OrdinalIgnoreCase))
            .OrderBy(entry => entry.Kind).ThenBy(entry => entry.Name, StringComparer.Ordinal).ThenByDescending(entry => SemanticVersion.TryParse(entry.Version));
        return ApiResult.Ok(JsonValue.Object(("epoch", registry.Epoch), ("fourEyes", request.Web.Changes is not null), ("entries", JsonValue.Array(entries.Select(entry => Views.Entry(registry, entry))))));
    }

    public static async Task<ApiResult> ServerAsync(ApiRequest request)
    {
        if (Address(request.Json, out var refusal) is not { } address) return refusal;
        ServerSettings? settings = null;
        if (request.Json["settings"] is { } said)
        {
            (settings, var invalid) = SettingsReader.Read(said, "/settings");
            if (invalid is not null) return ApiResult.Fail(invalid);
        }
        return await RequestAsync(request, new RegistryRequest.RegisterServer(Text(request.Json, "name"), address, settings), created: true);
    }

    public static async Task<ApiResult> AgentAsync(ApiRequest request)
    {
        Uri? address = null;
        if (request.Json["address"] is not null && (address = Address(request.Json, out var refusal)) is null) return refusal;
        var (settings, invalid) = request.Json["settings"] is { } said ? AgentSettingsJson.Read(said, "/settings") : (AgentSettings.None, null);
        return settings is null
            ? ApiResult.Fail(invalid!) // one of the two
            : await RequestAsync(request, new RegistryRequest.RegisterAgent(Text(request.Json, "name"), Text(request.Json, "version"), address) { Settings = settings }, created: true);
    }

    /// <summary>Operators retire things; what widens again what may be called (a policy, a disabled or quarantined version) is an administrator's.</summary>
    public static async Task<ApiResult> LifecycleAsync(ApiRequest request)
    {
        var body = request.Json;
        var kind = Enum.Parse<RegistryKind>(Text(body, "kind"), ignoreCase: true); // the schema lists them
        var lifecycle = Enum.Parse<Lifecycle>(Text(body, "lifecycle"), ignoreCase: true); // as above
        var (name, version) = (Text(body, "name"), Text(body, "version"));
        var answer = await RequestAsync(request, body["contract"]?.AsString() is { } contract && kind == RegistryKind.Tool && lifecycle == Lifecycle.Active
            ? new RegistryRequest.ApproveContract(name, version, contract, body["reason"]?.AsString())
            : new RegistryRequest.Move(kind, name, version, lifecycle, body["successor"]?.AsString(), body["reason"]?.AsString()), created: false);
        if (kind == RegistryKind.Workflow && lifecycle == Lifecycle.Disabled && (await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted)).Find(kind, name, version)?.Lifecycle == lifecycle) await SuspendRunsAsync(request, name, version);
        return answer;
    }

    /// <summary>How two contracts of a tool differ, for whoever approves the second.</summary>
    public static async Task<ApiResult> DiffAsync(ApiRequest request)
    {
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        var tool = $"{request.Part("server")}/{request.Part("tool")}";
        return ContractDiffs.Find(registry, tool, request.Query("from"), request.Query("to")) is var (from, to, diff)
            ? ApiResult.Ok(Views.Diff(diff).With("tool", tool).With("from", from).With("to", to))
            : ApiResult.Fail(new Problem(ProblemTypes.NotFound, 404, "There are no such contracts", "Both are versions of the tool, or 'shown' for what a quarantined one's server shows instead.") { Stage = "registry", Rule = "not-found" });
    }

    /// <summary>Disabling a workflow suspends its runs; those that compensate go on.</summary>
    private static async Task SuspendRunsAsync(ApiRequest request, string name, string version)
    {
        var running = await request.Web.Runs.QueryAsync(new RunQuery(request.Caller.Tenant, RunStatus.Running, int.MaxValue), request.Aborted);
        var failed = new List<Exception>();
        foreach (var run in running.Where(run => run.Workflow == name && run.Version == version))
        {
            try
            {
                await request.Web.Runs.SuspendAsync(request.Caller.Tenant, run.Id, request.Caller, "The workflow was disabled.", CancellationToken.None);
            }
            catch (Exception e)
            {
                failed.Add(e); // one that can't be suspended keeps no other running
            }
        }
        if (failed.Count > 0) throw new AggregateException("Some runs of the disabled workflow could not be suspended.", failed);
    }

    /// <summary>Makes the change, or leaves it as a proposal to a second person: 202 with its page.</summary>
    internal static async Task<ApiResult> RequestAsync(ApiRequest request, RegistryRequest change, bool created)
    {
        if (request.Web.Changes is not { } changes) return Answer(await ChangeDesk.ApplyAsync(request.Web.Registry, request.Caller, change, request.Aborted), created);
        return await changes.RequestAsync(request.Caller, change, request.Aborted) switch
        {
            ChangeResult.Answered answered => Answer(answered.Result, created),
            ChangeResult.Proposed { Proposal: var proposal } => ApiResult.Ok(
                JsonValue.Object(("proposal", JsonValue.Object(("id", proposal.Id), ("link", $"{ChangesFace.Path}/{proposal.Id}"), ("digest", proposal.Digest), ("expiresAt", Views.Time(proposal.ExpiresAt))))), 202),
            ChangeResult.Refused refused => ApiResult.Fail(new Problem(ProblemTypes.Refused, refused.Status, "The change was not proposed", refused.Detail) { Stage = "registry", Rule = refused.Rule }),
            var other => throw new InvalidOperationException($"Unexpected {other.GetType().Name}."),
        };
    }

    internal static ApiResult Answer(RegistryResult result, bool created) => result switch
    {
        RegistryResult.Changed changed => ApiResult.Ok(
            JsonValue.Object(
                ("epoch", changed.Epoch),
                ("entries", JsonValue.Array(changed.Entries.Select(Views.Entry))),
                ("inFlight", JsonValue.Array(changed.InFlight.Select(effect => JsonValue.From(effect.Value)))),
                ("silentProcesses", changed.Silent.Count)),
            created && changed.Entries.Count > 0 ? 201 : 200),
        RegistryResult.Refused refused => ApiResult.Fail(
            refused.Problem with { Stage = refused.Problem.Stage ?? "registry", Rule = refused.Problem.Rule ?? "registry-refused" }, Views.Check(refused.Findings, refused.Readiness)),
        _ => throw new InvalidOperationException($"Unexpected {result.GetType().Name}."),
    };

    private static string Text(JsonValue body, string name) => body[name]!.AsString(); // the schema requires it

    private static Uri? Address(JsonValue body, out ApiResult refusal)
    {
        var (address, problem) = UpstreamAddress.Read(Text(body, "address"), "/address");
        refusal = problem is null ? ApiResult.Ok(JsonValue.Null) : ApiResult.Fail(problem);
        return address;
    }
}
