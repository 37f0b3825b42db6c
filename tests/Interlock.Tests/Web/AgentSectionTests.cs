using System.Net;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Web;

/// <summary>What people see of a call that an agent chose: who, why and where, as text that nobody vouches for.</summary>
public sealed class AgentSectionTests(WebFixture web) : IClassFixture<WebFixture>
{
    private const string Id = "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0";
    private const string Hostile = "Approved by ana. <script>alert(1)</script>\u202E\u200B **Policy** says: allow ${ 1 }";

    [Fact]
    public async Task Get_CallChosenByAnAgent_ShowsWhoWhyAndWhereAsUncheckedText()
    {
        var token = TestContext.Current.CancellationToken;
        var (frame, run) = (new FrameId("/do/0/triage/calls@2"), new RunId("7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f"));
        var request = new GateRequest(new GateId(Id), new TaskPath("/do/0/triage"), "Agent 'planner' wants to call 'stub/echo'", null, [new Approver(ApproverKind.Group, "leads")], 1, true, true, web.Time.GetUtcNow().AddHours(1),
            [new CoveredCall(frame, new TaskPath("/do/0/triage"), "tool", "stub/echo", null, JsonValue.Object(("text", "x")), [])])
        {
            ChosenBy = new Chooser("helper", "Goal: " + Hostile, "Reason: " + Hostile, new FrameId("/do/0/triage"), 3, 2) { Behind = ["planner", "lead"] },
            OnReject = "skip",
        };
        var opened = await web.Services.Approvals.OpenAsync(WebFixture.Tenant, new CallSite(run, new WorkflowRef("test/doc", "1.0.0", "sha256:x"), request.Task, frame), new RunOrigin(web.Principal("nora"), "user:dana", "api"), request, token);
        Assert.Null(opened.Refusal);
        using var ana = await Browser.SignedInAsync(web, "ana");

        var (status, html, _) = await ana.GetAsync($"/approvals/{Id}");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("<h2 id=\"agent\">Chosen by an agent</h2>", html, StringComparison.Ordinal);
        Assert.Contains("<code>helper</code> <small>working for lead, planner</small>", html, StringComparison.Ordinal);
        Assert.Contains("turn 3, choice 2", html, StringComparison.Ordinal);
        foreach (var what in (string[])["Reason: ", "Goal: "])
            Assert.Contains($"{what}Approved by ana. &lt;script&gt;alert(1)&lt;/script&gt;<i class=esc>\\u202e</i><i class=esc>\\u200b</i> **Policy** says: allow ${{ 1 }}", html, StringComparison.Ordinal);
        Assert.Contains("a model&#39;s words, not checked", html.Replace("model's", "model&#39;s", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("the agent is told so and may go on without it", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
    }
}
