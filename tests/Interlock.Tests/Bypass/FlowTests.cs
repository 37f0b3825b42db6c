using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Bypass;

/// <summary>An author who wants past a gate with what the language offers. The documents are run, not published: publishing would refuse some of them before.</summary>
public sealed class FlowTests
{
    private const string Ask = "{ ask: { call: approval, with: { title: Go?, approvers: [ { group: sre } ], covers: [apply], expiresAfter: PT1H, onReject: fail } } }";
    private const string Apply = "{ apply: { call: tool, with: { tool: crm/apply, arguments: { service: mail } } } }";
    private const string Again = "{ again: { call: tool, with: { tool: crm/apply, arguments: { service: mail } } } }";
    private const string Fails = "{ bad: { raise: { error: { type: 'https://x.y/e', status: 500 } } } }";

    private static readonly string[] Who = ["user:ana", "user:owner"];

    /// <summary>Nobody decides anything: the guarded call is refused wherever the document leads to it.</summary>
    [Theory]
    [InlineData($"  - start: {{ set: {{ a: 1 }}, then: apply }}\n  - {Ask}\n  - {Apply}\n")]
    [InlineData($"  - start: {{ switch: [ {{ go: {{ when: 'true', then: apply }} }}, {{ no: {{ then: continue }} }} ] }}\n  - {Ask}\n  - {Apply}\n")]
    [InlineData($"  - ask: {{ if: 'false', call: approval, with: {{ title: Go?, approvers: [ {{ group: sre }} ], covers: [apply], expiresAfter: PT1H }} }}\n  - {Apply}\n")]
    [InlineData($"  - {Apply}\n")]
    [InlineData($"  - a: {{ try: [ {Fails}, {Ask}, {Apply} ], catch: {{ do: [ {Again} ] }} }}\n")]
    [InlineData($"  - race: {{ fork: {{ compete: true, branches: [ {{ gated: {{ do: [ {Ask}, {Apply} ] }} }}, {{ quick: {{ set: {{ a: 1 }} }} }} ] }} }}\n  - {Again}\n")]
    [InlineData($"  - race: {{ fork: {{ branches: [ {Again} ] }} }}\n")]
    [InlineData($"  - each: {{ for: {{ in: '[1]' }}, do: [ {Again} ] }}\n")]
    [InlineData($"  - block: {{ timeout: {{ after: PT9S }}, do: [ {Again}, {Ask}, {Apply} ] }}\n")]
    [InlineData($"  - first: {{ call: tool, with: {{ tool: crm/read }}, metadata: {{ interlock: {{ compensate: {{ tool: crm/apply, arguments: {{ service: mail }} }} }} }} }}\n  - {Fails}\n")]
    public async Task Run_WayRoundTheGate_IsRefused(string tasks)
    {
        await using var works = await Works.CreateAsync();

        var run = await works.StartAsync(tasks);

        var refusal = await works.AssertRefusedAsync(run, "authorize", "grant-required");
        Assert.Equal(CanonicalJson.Digest(World.Arguments()), refusal.ArgumentsDigest);
        Assert.Equal(Who, refusal.Actors.ToArray());
        var state = await works.StateAsync(run);
        Assert.Equal(RunStatus.Faulted, state.Status);
        Assert.Empty(state.Grants);
        Assert.Empty(await works.GatesAsync(run));
    }

    [Fact]
    public async Task Run_RefusalIsSkipped_GoesOnWithoutTheCall()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync("""
              - apply: { call: tool, with: { tool: crm/apply, arguments: { service: mail } }, metadata: { interlock: { onError: skip } } }
              - after: { call: tool, with: { tool: crm/read } }
            """);
        await works.AssertRefusedAsync(run, "authorize", "grant-required");
        Assert.Equal(RunStatus.Completed, (await works.StateAsync(run)).Status);
        Assert.Single(works.World.Upstream.Calls, call => call.Tool == "read");
    }

    [Theory]
    [InlineData("onReject: skip", false)]
    [InlineData("onReject: fail, onTimeout: skip", true)]
    public async Task Run_GateThatLetsTheRunGoOn_GrantsNothing(string more, bool expires)
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - ask: {{ call: approval, with: {{ title: Go?, approvers: [ {{ group: sre }} ], covers: [apply], expiresAfter: PT1H, {more} }} }}\n  - {Apply}\n");
        if (!expires) Assert.IsType<GateResult.Accepted>(await works.DecideAsync(await works.GateAsync(run), works.World.Sam, Works.Reject));
        await works.PassAsync(run, expires ? TimeSpan.FromHours(1) : TimeSpan.Zero);
        await works.AssertRefusedAsync(run, "authorize", "grant-required");
        Assert.Equal(RunStatus.Faulted, (await works.StateAsync(run)).Status);
    }

    [Fact]
    public async Task Run_RejectedGateInATry_CatchGetsNoGrant()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - a: {{ try: [ {Ask}, {Apply} ], catch: {{ do: [ {Again} ] }} }}\n");
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(await works.GateAsync(run), works.World.Sam, Works.Reject));
        await works.GoOnAsync(run);
        await works.AssertRefusedAsync(run, "authorize", "grant-required");
    }

    [Fact]
    public async Task Run_JumpBackBehindTheGate_IsAnotherCallWithoutAGrant()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - {Ask}\n  - {Apply}\n  - back: {{ switch: [ {{ go: {{ then: apply }} }} ] }}\n");
        await works.ApproveAsync(await works.GateAsync(run));
        await works.AssertRefusedAsync(run, "authorize", "grant-required", reached: 1);
    }

    [Fact]
    public async Task Run_JumpBackToTheGate_AsksAgain()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - {Ask}\n  - {Apply}\n  - back: {{ switch: [ {{ go: {{ then: ask }} }} ] }}\n");
        var first = await works.GateAsync(run);
        await works.ApproveAsync(first);
        var second = await works.GateAsync(run);
        Assert.NotEqual(first.Id, second.Id);
        Assert.Single(works.Reached);
        Assert.IsType<GateResult.Refused>(await works.DecideAsync(first, works.World.Zoe));
        await works.GoOnAsync(run);
        Assert.Single(works.Reached);
    }

    [Fact]
    public async Task Run_GateInALoop_GrantsItsOwnIterationOnly()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - each: {{ for: {{ in: '[1, 2]' }}, do: [ {Ask}, {Apply} ] }}\n");
        await works.ApproveAsync(await works.GateAsync(run));
        Assert.Single(works.Reached);
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(await works.GateAsync(run), works.World.Zoe, Works.Reject));
        await works.GoOnAsync(run);
        Assert.Single(works.Reached);
        Assert.Equal(RunStatus.Faulted, (await works.StateAsync(run)).Status);
    }

    [Fact]
    public async Task Run_RetryOfAnApprovedCall_NeedsAGrantOfItsOwn()
    {
        await using var works = await Works.CreateAsync();
        works.World.Upstream.Then(new UpstreamResult.Completed("down", IsError: true));
        var run = await works.StartAsync($"  - {Ask}\n  - a: {{ try: [ {Apply.Replace("apply:", "call:", StringComparison.Ordinal)} ], catch: {{ retry: {{ delay: PT0S, backoff: {{ constant: {{}} }}, limit: {{ attempt: {{ count: 3 }} }} }} }} }}\n"
            .Replace("covers: [apply]", "covers: [call]", StringComparison.Ordinal));
        await works.ApproveAsync(await works.GateAsync(run));
        await works.PassAsync(run, TimeSpan.FromSeconds(1));
        Assert.Single(works.Reached);
        Assert.All(await works.RefusalsAsync(run), refusal => Assert.Equal(("authorize", "grant-required"), (refusal.Stage, refusal.Rule)));
        Assert.Equal(RunStatus.Faulted, (await works.StateAsync(run)).Status);
    }

    [Theory]
    [InlineData("fail", RunStatus.Faulted)]
    [InlineData("skip", RunStatus.Completed)]
    public async Task Run_SurroundingTimeout_WithdrawsTheGate(string onTimeout, RunStatus end)
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - block: {{ timeout: {{ after: PT10M }}, metadata: {{ interlock: {{ onTimeout: {onTimeout} }} }}, do: [ {Ask}, {Apply} ] }}\n");
        var gate = await works.GateAsync(run);
        await works.PassAsync(run, TimeSpan.FromMinutes(11));
        Assert.Equal("gate-closed", Assert.IsType<GateResult.Refused>(await works.DecideAsync(gate, works.World.Sam)).Rule);
        await works.GoOnAsync(run);
        await works.AssertRefusedAsync(run, "decision", "gate-closed");
        Assert.Equal(end, (await works.StateAsync(run)).Status);
    }

    [Fact]
    public async Task Run_CompetingBranchLostItsGate_DecisionComesTooLate()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - race: {{ fork: {{ compete: true, branches: [ {{ gated: {{ do: [ {Ask}, {Apply} ] }} }}, {{ quick: {{ wait: PT5M }} }} ] }} }}\n");
        var gate = await works.GateAsync(run);
        await works.PassAsync(run, TimeSpan.FromMinutes(6));
        await works.DecideAsync(gate, works.World.Sam);
        await works.GoOnAsync(run);
        await works.AssertRefusedAsync(run, "decision", "gate-closed");
        Assert.Equal(GateOutcome.Withdrawn, (await works.Desk.FindAsync(World.Tenant, gate.Id, World.Token))!.Outcome); // it was open
    }

    [Fact]
    public async Task Run_WeakerGateThanPolicy_DoesNotOpen()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - {Ask.Replace("{ group: sre }", "{ user: ana }", StringComparison.Ordinal)}\n  - {Apply}\n");
        var refusal = await works.AssertRefusedAsync(run, "authorize", ApprovalFloor.Rule);
        Assert.Equal(Who, refusal.Actors.ToArray());
        Assert.Empty(await works.GatesAsync(run));
        Assert.Equal(RunStatus.Faulted, (await works.StateAsync(run)).Status);
    }

    [Fact]
    public async Task Run_WeakerEscalation_DoesNotOpen()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Escalating("{ user: ana }"));
        await works.PassAsync(run, TimeSpan.FromHours(1));
        await works.AssertRefusedAsync(run, "authorize", ApprovalFloor.Rule);
        Assert.Equal(RunStatus.Faulted, (await works.StateAsync(run)).Status);
    }

    [Fact]
    public async Task Run_DecisionDuringTheEscalation_OnlyTheSecondGateCounts()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync(Escalating("{ group: sre }"));
        var first = await works.GateAsync(run);
        await works.PassAsync(run, TimeSpan.FromHours(1));
        var second = await works.GateAsync(run);
        Assert.True(second.Request.IsEscalation);
        await works.DecideAsync(first, works.World.Sam);
        await works.GoOnAsync(run);
        await works.AssertRefusedAsync(run, "decision", "gate-closed");
        await works.ApproveAsync(second);
        Assert.Single(works.Reached);
    }

    [Theory]
    [InlineData($"  - {Apply}\n", "grant-required")]
    [InlineData($"  - ask: {{ call: approval, with: {{ title: Anything?, approvers: [ {{ group: sre }} ], expiresAfter: PT1H }} }}\n  - {Apply}\n", "grant-required")]
    public async Task Run_SecondWorkflowBesideAnApprovedOne_HasNoGrant(string tasks, string rule)
    {
        await using var works = await Works.CreateAsync();
        var approved = await works.StartAsync($"  - {Ask}\n  - {Apply}\n");
        await works.ApproveAsync(await works.GateAsync(approved));
        Assert.Single(works.Reached);

        var other = await works.StartAsync(tasks, name: "test/other");
        foreach (var gate in await works.GatesAsync(other)) await works.ApproveAsync(gate); // it covers nothing

        await works.AssertRefusedAsync(other, "authorize", rule, reached: 1);
    }

    [Fact]
    public async Task Run_SameAgain_AsksAgain()
    {
        await using var works = await Works.CreateAsync();
        var first = await works.StartAsync($"  - {Ask}\n  - {Apply}\n", StrictJson.Parse("""{"n":1}"""));
        var gate = await works.GateAsync(first);
        await works.ApproveAsync(gate);
        var second = await works.StartAsync($"  - {Ask}\n  - {Apply}\n", StrictJson.Parse("""{"n":1}"""));
        Assert.NotEqual(gate.Id, (await works.GateAsync(second)).Id);
        Assert.Single(works.Reached);
    }

    [Fact]
    public async Task Run_Cancelled_ApprovalComesTooLate()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - {Ask}\n  - {Apply}\n");
        var gate = await works.GateAsync(run);
        await works.Host.CancelAsync(World.Tenant, run, works.World.Ana, null, World.Token);
        await works.GoOnAsync(run);
        await works.DecideAsync(gate, works.World.Sam);
        await works.GoOnAsync(run);
        await works.AssertRefusedAsync(run, "decision", "gate-closed");
        Assert.Equal(RunStatus.Cancelled, (await works.StateAsync(run)).Status);
    }

    /// <summary>The gate's row took the approval before the run's cancel withdrew it: the row says approved, and the run starts nothing any more.</summary>
    [Fact]
    public async Task Run_CancelledAfterTheApproval_StartsNothing()
    {
        await using var works = await Works.CreateAsync();
        var run = await works.StartAsync($"  - {Ask}\n  - {Apply}\n");
        var gate = await works.GateAsync(run);
        Assert.IsType<GateResult.Accepted>(await works.DecideAsync(gate, works.World.Sam));
        await works.Host.CancelAsync(World.Tenant, run, works.World.Ana, null, World.Token);
        await works.GoOnAsync(run);
        Assert.Empty(works.Reached);
        Assert.Equal(RunStatus.Cancelled, (await works.StateAsync(run)).Status);
    }

    private static string Escalating(string to) =>
        $"  - ask: {{ call: approval, with: {{ title: Go?, approvers: [ {{ group: sre }} ], covers: [apply], expiresAfter: PT1H, onTimeout: escalate, escalation: {{ approvers: [ {to} ], expiresAfter: PT2H, onTimeout: fail }} }} }}\n  - {Apply}\n";
}
