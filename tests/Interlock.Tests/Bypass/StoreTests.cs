using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Bypass;

/// <summary>
/// An operator who writes to the store by hand: gates, delegations, claims, indexes. What was not written under the key counts for nothing; what is put back as it
/// was is what it was, and these tests say what that can and can't do.
/// </summary>
public sealed class StoreTests
{
    private const string Tasks = """
          - ask: { call: approval, with: { title: Go?, approvers: [ { group: sre } ], quorum: 2, covers: [apply], expiresAfter: PT1H, onReject: fail } }
          - apply: { call: tool, with: { tool: crm/apply, arguments: { service: mail } } }
          - wait: { wait: PT5H }
        """;

    private const string GatesTable = "gates";

    private static CancellationToken Token => World.Token;

    /// <summary>The row is edited after one of two votes; then the second person decides, and somebody tells the run that the gate was approved.</summary>
    [Theory]
    [InlineData("outcome")]
    [InlineData("votes")]
    [InlineData("quorum")]
    [InlineData("approvers")]
    [InlineData("arguments")]
    [InlineData("covers")]
    [InlineData("revision")]
    [InlineData("edited")]
    [InlineData("choice")]
    [InlineData("delegations")]
    [InlineData("origin")]
    [InlineData("expiry")]
    [InlineData("mac")]
    [InlineData("nothing but the spelling of the mac")]
    public async Task Row_EditedByHand_CountsForNothing(string what)
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Sam));
        await EditAsync(works, gate.Id, body => Edited(body, what));

        var decided = Assert.IsType<GateResult.Refused>(await works.DecideAsync(gate, works.World.Zoe));
        await works.GoOnAsync(run);
        await works.Driver.PostAsync(World.Tenant, run, new RunEvent.GateClosed(works.World.Time.Now, gate.Id, GateOutcome.Approved, ["user:sam", "user:zoe"], null), null, Token);
        await works.GoOnAsync(run);

        Assert.Equal("grant-unauthentic", decided.Rule);
        Assert.Empty(works.Reached);
        Assert.Contains(await works.RefusalsAsync(run), record => record is { Stage: "authorize", Rule: "grant-unauthentic" });
        Assert.Empty(works.World.Upstream.Calls);
    }

    /// <summary>Everything a row says of another gate is another gate's, whatever table it is copied in.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Row_ApprovedOneOverAnother_CountsForNothing(bool sameRun)
    {
        await using var works = await Works.CreateAsync();
        const string twice = """
              - one: { call: approval, with: { title: One?, approvers: [ { group: sre } ], covers: [first], expiresAfter: PT1H } }
              - first: { call: tool, with: { tool: crm/apply, arguments: { service: mail } } }
              - two: { call: approval, with: { title: Two?, approvers: [ { group: sre } ], covers: [second], expiresAfter: PT1H } }
              - second: { call: tool, with: { tool: crm/apply, arguments: { service: mail } } }
            """;
        var run = await works.StartAsync(twice);
        var approved = await works.GateAsync(run);
        await works.ApproveAsync(approved);
        Assert.Single(works.Reached);
        var victim = sameRun ? run : await works.StartAsync(twice);
        var open = await works.GateAsync(victim);
        var row = await RowAsync(works, approved.Id);

        await EditAsync(works, open.Id, _ => row.Body);
        await works.GoOnAsync(victim);
        await works.Driver.PostAsync(World.Tenant, victim, new RunEvent.GateClosed(works.World.Time.Now, open.Id, GateOutcome.Approved, [], null), null, Token);
        await works.GoOnAsync(victim);

        Assert.Single(works.Reached);
        Assert.Single(await works.RefusalsAsync(victim), record => record is { Stage: "authorize", Rule: "grant-unauthentic" });
    }

    /// <summary>The run is told of an approval that no row holds: the gateway asks the row.</summary>
    [Theory]
    [InlineData("open")]
    [InlineData("rejected")]
    [InlineData("expired")]
    [InlineData("deleted")]
    public async Task Event_ApprovalThatNoRowHolds_IsRefusedAtTheCall(string row)
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        if (row == "rejected") Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Zoe, Works.Reject));
        if (row == "expired") await works.Desk.CloseAsync(World.Tenant, World.Site() with { Run = run }, gate.Id, GateOutcome.Expired, Token);
        if (row == "deleted") await DeleteAsync(works, GatesTable, (await RowAsync(works, gate.Id)).Key);

        await works.Driver.PostAsync(World.Tenant, run, new RunEvent.GateClosed(works.World.Time.Now, gate.Id, GateOutcome.Approved, ["user:sam"], null), null, Token);
        await works.GoOnAsync(run);

        await works.AssertRefusedAsync(run, "authorize", "grant-missing");
        Assert.Equal(RunStatus.Faulted, (await works.StateAsync(run)).Status);
    }

    /// <summary>An authentic older version of the row: the vote that a person took part in is gone, and nobody's vote was added.</summary>
    [Fact]
    public async Task Row_OlderVersionPutBack_NeedsItsVotesAnew()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        var fresh = await RowAsync(works, gate.Id);
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Sam));
        await EditAsync(works, gate.Id, _ => fresh.Body);
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Sam));
        await works.GoOnAsync(run);
        Assert.Empty(works.Reached);
        await works.ApproveAsync(gate, works.World.Zoe);
        Assert.Single(works.Reached);
    }

    /// <summary>After the call the row is put back to before the decision and approved again: the grant of the frame is spent, and the run waits for nothing of it.</summary>
    [Fact]
    public async Task Row_PutBackAfterTheCall_ApprovedAgain_CallsNothing()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        var fresh = await RowAsync(works, gate.Id);
        await BothAsync(works, gate);
        await works.GoOnAsync(run);
        Assert.Single(works.Reached);

        await EditAsync(works, gate.Id, _ => fresh.Body);
        await BothAsync(works, gate);
        await works.Driver.PostAsync(World.Tenant, run, new RunEvent.GateClosed(works.World.Time.Now, gate.Id, GateOutcome.Approved, [], null), null, Token);
        await works.GoOnAsync(run);

        Assert.Single(works.Reached);
    }

    /// <summary>The claim that spent a grant is taken away: the effect is known to the ledger, and another one is none that the run waits for.</summary>
    [Theory]
    [InlineData("spent")]
    [InlineData("spent and effect")]
    public async Task Claims_TakenAway_NoSecondCall(string what)
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        await BothAsync(works, gate);
        var call = (await works.Driver.AdvanceAsync(World.Tenant, run, default, Token))!.Calls.Single(); // the run is there
        await works.Driver.CallAsync(World.Tenant, run, new EffectId(call), Token);
        var partition = AuditChain.ForRun(World.Tenant, run).Partition;
        await foreach (var row in works.World.Memory.QueryAsync(AuditChain.RecordsTable, partition, cancellationToken: Token))
            if (row.Key.Row.StartsWith("spent:", StringComparison.Ordinal) || (what != "spent" && row.Key.Row.StartsWith("effect:", StringComparison.Ordinal)))
                await DeleteAsync(works, AuditChain.RecordsTable, row.Key);

        var state = await works.StateAsync(run);
        var site = new CallSite(run, state.Workflow, gate.Calls[0].Task, gate.Calls[0].Frame);
        GatewayCall Call(string effect) => new(new EffectId(effect), state.Origin.Chain(), TargetKind.Tool, "crm/apply", null, World.Arguments(), works.World.Time.Now.AddMinutes(5)) { Site = site, Grant = gate.Id, RequiresGrant = true };
        Assert.IsType<GatewayResult.Completed>(await works.Node.Gateway.CallAsync(Call(call), Token)); // the recorded result
        var other = Assert.IsType<GatewayResult.Refused>(await works.Node.Gateway.CallAsync(Call("another"), Token));

        Assert.Equal(("commit", "frame-not-pending"), (other.Refusal.Stage, other.Refusal.Rule));
        await works.AssertRefusedAsync(run, "commit", "frame-not-pending", reached: 1);
    }

    /// <summary>Indexes only list: with an entry too many or too few, the row decides.</summary>
    [Fact]
    public async Task Index_EditedByHand_ShowsOrHidesAndDecidesNothing()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        var rejected = await works.StartAsync(Tasks);
        var gone = await works.GateAsync(rejected);
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gone, works.World.Zoe, Works.Reject));
        var index = Keys.Join(World.Tenant.Value);
        await works.World.Memory.InsertAsync("gatesopen", new RowKey(index, gone.Id.Value), JsonValue.Object(("run", rejected.Value)), Token);
        await works.World.Memory.InsertAsync("gatesopen", new RowKey(index, "invented"), JsonValue.Object(("run", run.Value)), Token);
        await DeleteAsync(works, "gatesopen", new RowKey(index, gate.Id.Value));

        Assert.Empty(await works.Desk.OpenGatesAsync(World.Tenant, Token));
        Assert.IsType<GateResult.Refused>(await works.DecideAsync(gone, works.World.Sam));
        await BothAsync(works, gate); // by its link it is decided all the same
        await works.GoOnAsync(run);
        Assert.Single(works.Reached);
        await works.GoOnAsync(rejected);
        Assert.Single(works.Reached);
    }

    /// <summary>A delegation row from elsewhere: written by hand, another person's moved, or one with a later end.</summary>
    [Theory]
    [InlineData("by hand")]
    [InlineData("moved")]
    [InlineData("prolonged")]
    public async Task Delegation_RowEditedByHand_IsNone(string what)
    {
        await using var works = await Works.CreateAsync();
        var world = works.World;
        var (max, eve) = (world.Directory.Add(World.Tenant, "max", "sre"), world.Directory.Add(World.Tenant, "eve", "sre"));
        world.Directory.Add(eve with { Groups = ["other"] });
        var (given, _) = await works.Desk.Delegations.GiveAsync(new InteractiveSession(max, world.Time.Now), "sam", world.Time.Now.AddMinutes(10), null, Token);
        var own = new RowKey(Keys.Join(World.Tenant.Value, "to", "user:sam"), given!.Id); // given to Sam
        var row = (await world.Memory.GetAsync("delegations", own, Token))!;
        var theirs = new RowKey(Keys.Join(World.Tenant.Value, "to", "user:eve"), given.Id);
        var forged = what switch
        {
            "by hand" => (theirs, JsonValue.Object(("delegation", RunJson.ToValue(given with { To = "user:eve" })), ("mac", "AAAA"))),
            "moved" => (theirs, row.Body),
            _ => (own, row.Body.With("delegation", row.Body["delegation"]!.With("until", RunJson.ToValue(given with { Until = given.Until.AddDays(1) })["until"]!))),
        };
        if (forged.Item1 == own) await world.Memory.ReplaceAsync("delegations", own, forged.Item2, row.ETag, Token);
        else await world.Memory.InsertAsync("delegations", forged.Item1, forged.Item2, Token);
        if (what == "prolonged") world.Time.Now += TimeSpan.FromMinutes(11);

        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        if (what == "prolonged") world.Directory.Add(World.Tenant, "sam", "other");
        var refused = Assert.IsType<GateResult.Refused>(await works.DecideAsync(gate, what == "prolonged" ? world.Sam : eve));
        await works.GoOnAsync(run);
        Assert.Equal("not-an-approver", refused.Rule);
        await works.AssertRefusedAsync(run, "decision", "not-an-approver");
    }

    /// <summary>
    /// What is authentic and old can't be told from what is new by its row: a rejected gate whose row is put back before the run has heard of it takes votes again. The audit has the rejection,
    /// and the call is refused for it.
    /// </summary>
    [Fact]
    public async Task Row_PutBackToBeforeARejection_TakesVotesAndGrantsNothing()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Tasks);
        var gate = await works.GateAsync(run);
        var fresh = await RowAsync(works, gate.Id);
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Zoe, Works.Reject));
        await EditAsync(works, gate.Id, _ => fresh.Body);
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Sam));
        await works.GoOnAsync(run);
        Assert.Empty(works.Reached);
        await works.ApproveAsync(gate, works.World.Directory.Add(World.Tenant, "max", "sre"));
        Assert.Empty(works.Reached);
        var records = (await works.World.RecordsAsync()).Where(record => record.Gate == gate.Id).ToList();
        Assert.Equal("rejected", Assert.Single(records, record => record.Type == AuditTypes.GateClosed).Outcome);
        Assert.DoesNotContain(records, record => record.Type == AuditTypes.CallIntent);
        Assert.Equal("grant-unauthentic", Assert.Single(records, record => record.Type == AuditTypes.CallRefused).Rule);
        Assert.Equal(["user:zoe", "user:sam", "user:max"], records.Where(record => record.Type == AuditTypes.GateVote).Select(record => record.Actors.Single()));
    }

    /// <summary>The same limit: a delegation that was taken back counts again while its authentic row is put back, for the person and the time that its giver named.</summary>
    [Fact]
    public async Task Delegation_RevokedAndPutBack_CountsForItsTime()
    {
        await using var works = await Works.CreateAsync();
        var world = works.World;
        var max = world.Directory.Add(World.Tenant, "max", "sre");
        var (given, _) = await works.Desk.Delegations.GiveAsync(new InteractiveSession(max, world.Time.Now), "zoe", world.Time.Now.AddHours(1), null, Token);
        var key = new RowKey(Keys.Join(World.Tenant.Value, "to", "user:zoe"), given!.Id); // given
        var row = (await world.Memory.GetAsync("delegations", key, Token))!;
        Assert.Null(await works.Desk.Delegations.RevokeAsync(new InteractiveSession(max, world.Time.Now), given.Id, Token));
        await world.Memory.InsertAsync("delegations", key, row.Body, Token);
        Assert.Single((await works.Desk.Delegations.ListAsync(world.Zoe, Token)).Received);
        world.Time.Now += TimeSpan.FromHours(1);
        Assert.Empty((await works.Desk.Delegations.ListAsync(world.Zoe, Token)).Received);
        Assert.Equal(["given", "revoked"], (await world.RecordsAsync(AuditTypes.Delegation)).Select(record => record.Decision));
    }

    private static async Task BothAsync(Works works, Gate gate)
    {
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Sam));
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Zoe));
    }

    private static JsonValue Edited(JsonValue body, string what)
    {
        var gate = body["gate"]!;
        var call = gate["calls"]![0]!;
        var vote = gate["votes"]![0]!;
        JsonValue Of(JsonValue edited) => body.With("gate", edited);
        return what switch
        {
            "outcome" => Of(gate.With("outcome", "approved").With("closedAt", gate["openedAt"]!)),
            "votes" => Of(gate.With("votes", JsonValue.Array(vote, vote.With("by", "user:zoe")))),
            "quorum" => Of(gate.With("request", gate["request"]!.With("quorum", 1))),
            "approvers" => Of(StrictJson.Parse(gate.ToString().Replace("sre", "all", StringComparison.Ordinal))),
            "arguments" => Of(StrictJson.Parse(gate.ToString().Replace("mail", "bank", StringComparison.Ordinal))),
            "covers" => Of(gate.With("calls", JsonValue.Array(call, call.With("frame", "/do/5/more")))),
            "revision" => Of(gate.With("revision", 2)),
            "edited" => Of(gate.With("edited", JsonValue.Array(JsonValue.Object(("frame", call["frame"]!), ("arguments", JsonValue.EmptyObject))))),
            "choice" => Of(gate.With("choice", StepChoices.Retry)),
            "delegations" => Of(gate.With("delegations", JsonValue.Array(RunJson.ToValue(new Delegation("x", "user:sam", "user:zoe", World.Start, World.Start.AddDays(9), null))))),
            "origin" => Of(StrictJson.Parse(gate.ToString().Replace("\"ana\"", "\"eve\"", StringComparison.Ordinal))),
            "expiry" => Of(StrictJson.Parse(gate.ToString().Replace("2026-03-03T09:30", "2027-03-03T09:30", StringComparison.Ordinal))),
            "mac" => body.With("mac", new string('A', body["mac"]!.AsString().Length)),
            _ => body.With("mac", body["mac"]!.AsString() + "="),
        };
    }

    private static async Task<TableRow> RowAsync(Works works, GateId gate) =>
        (await works.World.Memory.GetAsync(GatesTable, new RowKey(Keys.Join(World.Tenant.Value, gate.Value), "gate"), Token))!; // the caller knows that it is there

    private static async Task EditAsync(Works works, GateId gate, Func<JsonValue, JsonValue> edit)
    {
        var row = await RowAsync(works, gate);
        var edited = edit(row.Body);
        Assert.NotEqual(row.Body, edited);
        Assert.True((await works.World.Memory.ReplaceAsync(GatesTable, row.Key, edited, row.ETag, Token)).Ok);
    }

    private static async Task DeleteAsync(Works works, string table, RowKey key)
    {
        var row = await works.World.Memory.GetAsync(table, key, Token);
        Assert.True((await works.World.Memory.DeleteAsync(table, key, row!.ETag, Token)).Ok);
    }
}
