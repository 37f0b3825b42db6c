using System.Collections.Immutable;
using System.Text;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Notices;

/// <summary>Gates as messages tell of them.</summary>
internal static class Gates
{
    /// <summary>Markdown, HTML, a link, a mention, a date function, a line break, bidi, zero-width, a tag character, a lone surrogate, an expression.</summary>
    public const string Hostile =
        "[Approve](https://evil.example) **now** `x` <b>y</b> <at>Ana</at> {{DATE(2026-01-01T00:00:00Z)}} ${run}\r\nSubject: z\u202e\u200b\U000E0041\uD800 www.evil.example \\u202e";

    public static Gate Plain { get; } = Of("Restart the mail server?", ["crm/apply", "crm/apply", "crm/revert"], [new Approver(ApproverKind.Group, "sre"), new Approver(ApproverKind.User, "zoe")]);

    /// <summary>More than the workflow schema permits of everything, in text that grows most when it is escaped.</summary>
    public static Gate Largest(string text = Hostile)
    {
        var much = new StringBuilder();
        while (much.Length < 100_000) much.Append(text);
        var gate = Of(
            much.ToString(), Enumerable.Range(0, 100).Select(i => $"{i}/{much.ToString(0, 2000)}"),
            Enumerable.Range(0, 50).Select(i => new Approver(ApproverKind.Group, $"{i}{much.ToString(0, 200)}")));
        return gate with
        {
            Workflow = new WorkflowRef(much.ToString(0, 5000), much.ToString(0, 500), "sha256:x"),
            Request = gate.Request with { Description = much.ToString(), OnExpiry = "escalate", IsEscalation = true },
            Origin = Origin(much.ToString(0, 500)),
            Votes = [.. Enumerable.Range(0, 100).Select(i => new Vote($"user:{i}", $"{i}{much.ToString(0, 500)}", "group:sre", true, much.ToString(), World.Start, "sha256:x"))],
        };
    }

    public static Gate Closed(Gate gate) => gate with { Outcome = GateOutcome.Approved, ClosedAt = World.Start.AddHours(1) };

    private static RunOrigin Origin(string starter) => new(new Principal(World.Tenant, starter, PrincipalKind.User, starter, [], []), "user:owner", "api");

    private static Gate Of(string title, IEnumerable<string> tools, IEnumerable<Approver> approvers)
    {
        var secret = JsonValue.Object(("password", "an argument"), ("bulk", new string('x', 100_000)));
        ImmutableArray<BoundCall> calls =
        [
            .. tools.Select((tool, i) => new BoundCall(
                new FrameId($"/do/{i}/x"), new TaskPath($"/do/{i}/x"), "tool", new BoundTarget(tool, "1.0.0", "sha256:c", "reg-1", World.Address), secret, "sha256:a", [])),
        ];
        var request = new GateRequest(
            new GateId("00112233445566778899aabbccddeeff"), new TaskPath("/do/0/approve"), title, "a description", [.. approvers], 2, true, true, World.Start.AddHours(4), []);
        return new Gate(World.Tenant, World.Run, World.Workflow, request, calls, Origin("ana"), World.Start);
    }
}
