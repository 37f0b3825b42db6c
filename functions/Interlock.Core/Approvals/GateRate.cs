using System.Globalization;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Approvals;

/// <summary>
/// Remembers rejections, so that nobody is asked the same again and again until they give in (rule <c>gate-rate</c>): after three within an hour the same is
/// not asked until the hour is over. The same is: a task of a workflow with the same arguments (the same text where it covers no call) for the same starter, in
/// whichever run; a client's calls of one tool. One task of one run rests after ten, whatever it asks: a loop may ask for each of its items, but not for ever.
/// </summary>
public sealed class GateRate(ITableStore store)
{
    public const string Rule = GateRequest.RateRule;
    public const int MaxRejections = 3;
    public const int MaxRejectionsOfTask = 10;

    public static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private const string Table = "gaterejections";
    private const int TickDigits = 19;

    /// <summary>Remembers a gate that was rejected; again, it is the same rejection.</summary>
    public async Task AddAsync(Gate gate, CancellationToken cancellationToken = default)
    {
        if (gate is not { Outcome: GateOutcome.Rejected, ClosedAt: { } at, Origin: { } origin }) return;
        foreach (var (subject, _) in Subjects(origin, gate.Run, gate.Workflow, gate.Request))
            await store.InsertAsync(Table, new RowKey(Keys.Join(gate.Tenant.Value, subject), Keys.Join(Keys.Time(at), gate.Id.Value)), JsonValue.EmptyObject, cancellationToken);
    }

    /// <summary>Since when the asking is to rest, or null when a gate may open.</summary>
    public async Task<DateTimeOffset?> RestsUntilAsync(
        TenantId tenant, RunOrigin origin, RunId? run, WorkflowRef? workflow, GateRequest request, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        DateTimeOffset? until = null;
        foreach (var (subject, most) in Subjects(origin, run, workflow, request))
        {
            var rejections = new List<DateTimeOffset>();
            await foreach (var row in store.QueryAsync(Table, Keys.Join(tenant.Value, subject), Keys.Time(now - Window + TimeSpan.FromTicks(1)), cancellationToken: cancellationToken))
                rejections.Add(new DateTimeOffset(long.Parse(row.Key.Row.AsSpan(0, TickDigits), CultureInfo.InvariantCulture), TimeSpan.Zero));
            if (rejections.Count >= most && rejections[^most] + Window is var end && !(end < until)) until = end;
        }
        return until;
    }

    private static IEnumerable<(string Subject, int Most)> Subjects(RunOrigin origin, RunId? run, WorkflowRef? workflow, GateRequest request)
    {
        if (run is not { } id || workflow is null)
        {
            yield return (CanonicalJson.Digest(JsonValue.Array("call", origin.Starter.Subject, JsonValue.Array(request.Covers.Select(call => JsonValue.From(call.Target))))), MaxRejections);
            yield break;
        }
        yield return (CanonicalJson.Digest(JsonValue.Array("run", id.Value, request.Task.Value)), MaxRejectionsOfTask);
        var calls = request.Covers.Select(call => JsonValue.Array(call.Target, call.Arguments));
        var asked = request.Covers.IsEmpty ? JsonValue.Array(request.Title, request.Description is { } more ? more : JsonValue.Null) : JsonValue.Array(calls);
        yield return (CanonicalJson.Digest(JsonValue.Array("task", origin.Starter.Subject, workflow.Name, request.Task.Value, asked)), MaxRejections);
    }
}
