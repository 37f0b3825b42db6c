using Interlock.Core;
using Interlock.Core.Intake;
using Interlock.Core.Runs;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>Starting, reading and controlling runs. Another tenant's run, or one the caller may not read, is as good as none.</summary>
internal static class RunsApi
{
    private static readonly string[] Statuses = [.. Enum.GetValues<RunStatus>().Select(status => status.Text())];

    public static async Task<ApiResult> StartAsync(ApiRequest request)
    {
        var body = request.Json;
        var result = await request.Web.Intake.StartAsync(
            request.Caller, body["workflow"]!.AsString(), body["version"]?.AsString(), body["input"] ?? JsonValue.EmptyObject, "api",
            body["idempotencyKey"]?.AsString(), request.Aborted); // the schema requires a workflow
        return result switch
        {
            IntakeResult.Started { Runs: [var run] } => ApiResult.Ok(Views.Run(run.State), run.IsNew ? 201 : 200, $"/api/runs/{run.State.Id}"),
            IntakeResult.Refused { IsRecorded: true } refused => ApiResult.FailRecorded(refused.Problem with { Stage = refused.Problem.Stage ?? "intake" }),
            IntakeResult.Refused refused => ApiResult.Fail(refused.Problem with { Stage = refused.Problem.Stage ?? "intake" }),
            _ => throw new InvalidOperationException("Starting one workflow starts one run."),
        };
    }

    public static async Task<ApiResult> ListAsync(ApiRequest request)
    {
        RunStatus? status = null;
        if (request.Query("status") is { } text)
        {
            var index = Array.IndexOf(Statuses, text);
            if (index < 0) return ApiResult.Fail(new Problem(ProblemTypes.Validation, 400, "The query is not valid", $"A status is one of {string.Join(", ", Statuses)}.") { Stage = "validate", Rule = "invalid-query" });
            status = Enum.GetValues<RunStatus>()[index];
        }
        var runs = await RunLists.ReadAsync(request.Web.Runs, request.Caller, status, request.Number("limit", 100, 500), request.Aborted);
        return ApiResult.Ok(JsonValue.Object(("runs", JsonValue.Array(runs.Select(Views.Run)))));
    }

    public static async Task<ApiResult> GetAsync(ApiRequest request) => await FindAsync(request) is { } run ? ApiResult.Ok(Views.Run(run)) : Missing;

    public static async Task<ApiResult> EventsAsync(ApiRequest request)
    {
        if (await FindAsync(request) is not { } run) return Missing;
        var (after, limit) = (request.Number("after", 0, int.MaxValue), request.Number("limit", 500, 1000));
        var events = new List<JsonValue>();
        var index = 0;
        await foreach (var happened in request.Web.Runs.EventsAsync(run.Tenant, run.Id, request.Aborted))
        {
            if (index++ < after) continue;
            if (events.Count == limit) break;
            events.Add(RunJson.ToValue(happened));
        }
        return ApiResult.Ok(JsonValue.Object(("events", JsonValue.Array(events)), ("next", after + events.Count)));
    }

    public static Task<ApiResult> CancelAsync(ApiRequest request) =>
        ControlAsync(request, (run, reason) => request.Web.Runs.CancelAsync(run.Tenant, run.Id, request.Caller, reason, request.Aborted));

    public static Task<ApiResult> SuspendAsync(ApiRequest request) =>
        ControlAsync(request, (run, reason) => request.Web.Runs.SuspendAsync(run.Tenant, run.Id, request.Caller, reason, request.Aborted));

    public static Task<ApiResult> ResumeAsync(ApiRequest request) =>
        ControlAsync(request, (run, _) => request.Web.Runs.ResumeAsync(run.Tenant, run.Id, request.Caller, request.Aborted));

    public static Task<ApiResult> SettleAsync(ApiRequest request)
    {
        var (body, effect) = (request.Json, new EffectId(request.Part("effect")));
        var output = body["happened"]!.AsBoolean() ? body["output"] ?? JsonValue.Null : null; // the schema requires it
        return ControlAsync(request, (run, reason) => request.Web.Runs.SettleDoubtAsync(run.Tenant, run.Id, effect, output, request.Caller, reason ?? "", request.Aborted));
    }

    private static async Task<ApiResult> ControlAsync(ApiRequest request, Func<RunState, string?, Task<bool>> control)
    {
        if (await FindAsync(request) is not { } before) return Missing;
        if (!await control(before, request.Json["reason"]?.AsString()))
            return ApiResult.Fail(new Problem(ProblemTypes.Conflict, 409, "The run does not take this request", "It is closed, or waits for nothing of the kind.") { Stage = "run", Rule = "run-closed" });
        var after = await request.Web.Runs.GetAsync(before.Tenant, before.Id, request.Aborted) ?? before;
        return ApiResult.Ok(Views.Transition(before, after, ok: true), 202);
    }

    private static async Task<RunState?> FindAsync(ApiRequest request) =>
        Ids.IsHex32(request.Part("id")) && await request.Web.Runs.GetAsync(request.Caller.Tenant, new RunId(request.Part("id")), request.Aborted) is { } run && Visibility.MayRead(request.Caller, run)
            ? run
            : null;

    private static ApiResult Missing => ApiResult.NotFound("There is no such run.");
}
