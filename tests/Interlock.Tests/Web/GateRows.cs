using System.Collections.Immutable;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Web;

/// <summary>Gates in states that take long to come to, written with the host's own key.</summary>
internal static class GateRows
{
    public static JsonValue Form { get; } = StrictJson.Parse("""
        { "type": "object", "title": "What do you need to know?", "description": "It goes to the agent that asked.", "required": ["question", "urgency"], "properties": {
          "question": { "type": "string", "title": "Question", "description": "As you would ask a colleague.", "maxLength": 500, "minLength": 5 },
          "urgency": { "enum": ["tonight", "tomorrow", 3], "title": "Urgency" },
          "service": { "type": "string", "maxLength": 40, "default": "checkout" },
          "attempts": { "type": "integer", "minimum": 1, "maximum": 5 },
          "share": { "type": "number" },
          "page": { "type": "boolean", "title": "Page the owner?" },
          "more": { "type": "object" } } }
        """);

    private static GateStore Store(WebFixture web) => new(web.Services.Tables, web.Services.Keys.Mac);

    public static async Task ChangeAsync(WebFixture web, GateId id, Func<Gate, Gate> change)
    {
        var stored = await Store(web).FindAsync(WebFixture.Tenant, id, TestContext.Current.CancellationToken);
        Assert.True(await Store(web).ReplaceAsync(change(stored!.Gate!), stored.ETag, TestContext.Current.CancellationToken)); // open, and its row is the host's
    }

    /// <summary>Two requirements, a vote that an edit made void, delegations, and a form to ask for information with.</summary>
    public static Gate Rich(Gate gate)
    {
        var at = gate.OpenedAt;
        return gate with
        {
            Request = gate.Request with
            {
                Also = [new ApproverRequirement([new Approver(ApproverKind.User, "olga"), new Approver(ApproverKind.User, "leo")], 1, true, false)],
                Information = Form,
                OnReject = "skip",
                OnExpiry = "escalate",
                IsEscalation = true,
                Again = "intent-mismatch",
            },
            Revision = 2,
            Votes = [new Vote("user:leo", "Leo", "group:leads", true, "Looks right.", at, gate.ShownDigest)],
            Changes =
            [
                new GateChange(GateChangeKind.Edited, "user:ana", at, 2, "The other text was wrong.", JsonValue.Array(
                    JsonValue.Object(("frame", gate.Calls[0].Frame.Value), ("pointer", "/text"), ("from", "what it was"), ("to", "what it is")),
                    JsonValue.Object(("frame", gate.Calls[0].Frame.Value), ("pointer", "/numbers/1"), ("to", 2.5)))),
                new GateChange(GateChangeKind.Reassigned, "user:dana", at, 2, "Nobody else is awake.", JsonValue.Object(("requirement", 1), ("approvers", JsonValue.Array("user:olga", "user:leo")))),
                new GateChange(GateChangeKind.Delegated, "user:leo", at, 2, null, JsonValue.Object(("to", "user:olga"), ("until", "later"))),
            ],
            Delegations = [new Delegation("d1", "user:leo", "user:olga", at, at + TimeSpan.FromHours(2), "I am on a plane.")],
        };
    }

    /// <summary>The gate asks about a step that failed: here the gate's own frame, which the run's state has.</summary>
    public static Gate Failed(Gate gate, params ImmutableArray<string> options) => gate with
    {
        Request = gate.Request with
        {
            Title = "The step 'post' failed",
            Failure = new FailedStep(new FrameId("/do/0/approve"), new Problem(ProblemTypes.Communication, 503, "The tool did not answer", "No answer in 60 s.", "/do/1/post") { Stage = "invoke", Rule = "timeout" }, options),
        },
    };

    /// <summary>A gate of a client's own call, with the calls of another one.</summary>
    public static async Task<GateId> OwnCallAsync(WebFixture web, GateId like)
    {
        var id = new GateId(Guid.NewGuid().ToString("N"));
        var gate = (await Store(web).FindAsync(WebFixture.Tenant, like, TestContext.Current.CancellationToken))!.Gate!; // opened just now
        var request = gate.Request with { Id = id, Title = "Call stub/echo" };
        Assert.True(await Store(web).InsertAsync(new Gate(gate.Tenant, null, null, request, gate.Calls, gate.Origin, gate.OpenedAt), TestContext.Current.CancellationToken));
        return id;
    }
}
