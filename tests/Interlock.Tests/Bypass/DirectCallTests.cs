using System.Net;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;
using Interlock.Tests.Web;

namespace Interlock.Tests.Bypass;

/// <summary>The guarded tool is called directly at <c>/mcp</c>: by people, by agents with run tokens of this and other runs, tasks and iterations, with tokens of the wrong class.</summary>
public sealed class DirectCallTests(GuardedWeb site) : IClassFixture<GuardedWeb>
{
    private WebFixture Web => site.Web;

    /// <summary>A person's own call asks for a gate of its own; nothing is called before it is approved, and nothing of another run's approval helps.</summary>
    [Fact]
    public async Task Call_ByAPerson_WaitsForAnApproval()
    {
        var (run, gate) = await Web.WaitingAsync("direct");
        var before = await site.RefusalsAsync();
        var (_, body, _) = await site.CallAsync(Web.Token("nora", TokenClass.Mcp), "stub__slow", "direct");
        Assert.Contains("/approvals/", body.ToString(), StringComparison.Ordinal);
        var refused = Assert.Single(await site.AssertUnmovedAsync(run, gate, "direct", before, 1));
        Assert.Equal(("authorize", "grant-required"), (refused.Stage, refused.Rule));
        Assert.Single(await Web.Services.Approvals.OpenGatesAsync(WebFixture.Tenant, TestContext.Current.CancellationToken), open => open.Run is null);
    }

    [Fact]
    public async Task Call_ByAnAgentOfTheRun_IsRefused()
    {
        var (run, gate) = await Web.WaitingAsync("agent");
        var before = await site.RefusalsAsync();
        var (_, body, _) = await site.CallAsync(site.RunToken(run, Frame(await site.GateAsync(gate))), "stub__slow", "agent");
        Assert.Contains("grant-required", body.ToString(), StringComparison.Ordinal);
        var refused = Assert.Single(await site.AssertUnmovedAsync(run, gate, "agent", before, 1));
        Assert.Equal(("authorize", "grant-required", "stub/slow"), (refused.Stage, refused.Rule, refused.Target));
        Assert.Equal(["user:nora", "user:dana", "agent:helper"], refused.Actors);
        Assert.Equal(CanonicalJson.Digest(JsonValue.Object(("text", "agent"))), refused.ArgumentsDigest);
    }

    /// <summary>
    /// Tokens that name what is not pending: another run's frame, a task that is not there, another iteration, a run that has ended or never was. They are turned away before
    /// any call is read; the record names the token's run and frame.
    /// </summary>
    [Theory]
    [InlineData("task")]
    [InlineData("iteration")]
    [InlineData("visit")]
    [InlineData("no run")]
    [InlineData("ended")]
    [InlineData("other run's frame")]
    public async Task Call_WithATokenOfWhatIsNotPending_IsTurnedAway(string what)
    {
        var text = $"token of {what}";
        var (run, gate) = await Web.WaitingAsync(text);
        var frame = Frame(await site.GateAsync(gate));
        if (what == "ended")
        {
            var (other, _) = await Web.WaitingAsync("cancelled");
            await Web.Services.Engine.CancelAsync(WebFixture.Tenant, other, Web.Principal("nora"), null, TestContext.Current.CancellationToken);
            await Web.EndAsync(other);
            await TurnedAwayAsync(site.RunToken(other, frame), text);
        }
        var before = await site.RefusalsAsync();
        await TurnedAwayAsync(what switch
        {
            "task" => site.RunToken(run, new FrameId("/do/1/post")),
            "iteration" => site.RunToken(run, new FrameId(frame.Value + "/do@2")),
            "visit" => site.RunToken(run, new FrameId(frame.Value + "#2")),
            "other run's frame" => site.RunToken(run, new FrameId("/do/0/classify")),
            _ => site.RunToken(new RunId(Guid.NewGuid().ToString("N")), frame),
        }, text);
        var refused = Assert.Single(await site.AssertUnmovedAsync(run, gate, text, before, 1));
        Assert.Equal(("authenticate", "frame-not-pending", "agent:helper"), (refused.Stage, refused.Rule, Assert.Single(refused.Actors)));
        Assert.NotNull(refused.Frame);
    }

    [Fact]
    public async Task Call_OutsideTheTokensPool_IsRefused()
    {
        var (run, gate) = await Web.WaitingAsync("pool");
        var before = await site.RefusalsAsync();
        var (_, body, _) = await site.CallAsync(site.RunToken(run, Frame(await site.GateAsync(gate)), "stub/echo"), "stub__slow", "pool");
        Assert.Contains("widening", body.ToString(), StringComparison.Ordinal);
        await site.AssertUnmovedAsync(run, gate, "pool", before, 1);
    }

    [Theory]
    [InlineData(TokenClass.Api, "/mcp")]
    [InlineData(TokenClass.Mcp, "/api/approvals")]
    [InlineData(TokenClass.Run, "/api/approvals")]
    public async Task Token_AtTheOtherFace_IsRefused(TokenClass face, string path)
    {
        var (run, gate) = await Web.WaitingAsync($"face {face}");
        var before = await site.RefusalsAsync();
        var token = face == TokenClass.Run ? site.RunToken(run, Frame(await site.GateAsync(gate))) : Web.Token("ana", face);
        var (status, _, _) = await Web.ApiAsync(path == "/mcp" ? "POST" : "GET", path, token, path == "/mcp" ? "{}" : null);
        Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, $"{status}");
        await site.AssertUnmovedAsync(run, gate, $"face {face}", before, 0);
    }

    private static FrameId Frame(Core.Approvals.Gate gate) => new(gate.Request.Task.Value);

    private async Task TurnedAwayAsync(string token, string text)
    {
        var (status, body, _) = await site.CallAsync(token, "stub__slow", text);
        Assert.Equal((HttpStatusCode.Forbidden, "frame-not-pending"), (status, body["rule"]?.StringOrNull()));
    }
}
