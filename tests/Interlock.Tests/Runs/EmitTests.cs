using Interlock.Core;
using Interlock.Core.Runs;

namespace Interlock.Tests.Runs;

public sealed class EmitTests
{
    [Fact]
    public void Emit_fills_in_what_an_event_needs_and_gives_the_event()
    {
        var run = RunHarness.Tasks("""
              - tell: { emit: { event: { with: { source: 'https://x.y', type: t.told, subject: '${ .who }', data: { n: '${ .n + 1 }' } } } } }
            """, RunHarness.Parse("""{"n":1,"who":"kim"}"""));
        var emit = run.Pending<Command.EmitEvent>("tell");
        Assert.Equal(RunHarness.Parse($$"""
            {"source":"https://x.y","type":"t.told","subject":"kim","data":{"n":2},"specversion":"1.0","id":"{{emit.Id}}","time":"2026-03-10T12:00:00.000Z"}
            """), emit.Event);

        run.Emitted("tell").Is(RunStatus.Completed).Replayed();
        Assert.Equal(emit.Event, run.State.Output);
    }

    [Fact]
    public void Emit_WithAttributesOfItsOwn_KeepsThem()
    {
        var run = RunHarness.Tasks("""
              - tell: { emit: { event: { with: { id: '${ "o-" + .id }', source: 'https://x.y', type: t, time: '2026-01-01T00:00:00Z', room: 4, urgent: true, dataschema: '${ null }' } } } }
            """, RunHarness.Parse("""{"id":"7"}"""));
        Assert.Equal(RunHarness.Parse("""{"id":"o-7","source":"https://x.y","type":"t","time":"2026-01-01T00:00:00Z","room":4,"urgent":true,"specversion":"1.0"}"""), run.Pending<Command.EmitEvent>("tell").Event);
    }

    [Theory]
    [InlineData("source: '${ 1 }', type: t", "'source'")]
    [InlineData("source: 'https://x.y', type: '${ null }'", "'type'")]
    [InlineData("source: 'https://x.y', type: t, time: '${ \"noon\" }'", "'time'")]
    [InlineData("source: 'https://x.y', type: t, room: '${ [1] }'", "'room'")]
    [InlineData("source: 'https://x.y', type: t, room: '${ 1.5 }'", "'room'")]
    public void Emit_OfNoCloudEvent_IsAnError(string with, string says)
    {
        var run = RunHarness.Tasks($"  - tell: {{ emit: {{ event: {{ with: {{ {with} }} }} }} }}").Is(RunStatus.Faulted);
        Assert.Equal(ProblemTypes.Validation, run.State.Error?.Type);
        Assert.Contains(says, run.State.Error?.Detail, StringComparison.Ordinal);
        Assert.Equal("/do/0/tell", run.State.Error?.Instance);
        Assert.Empty(run.Issued.OfType<Command.EmitEvent>());
    }

    [Fact]
    public void Emit_ThatIsRefused_FailsAndIsRepeatedUnderItsOwnId()
    {
        var run = RunHarness.Tasks("""
              - safe:
                  try:
                    - tell: { emit: { event: { with: { source: 'https://x.y', type: t } } } }
                  catch: { retry: { limit: { attempt: { count: 2 } } }, do: [ { over: { set: { given: up } } } ] }
            """);
        var first = run.Pending<Command.EmitEvent>("tell");
        run.Send(new RunEvent.EffectFailed(run.Now, first.Id, new Problem(ProblemTypes.Refused, 403, "Refused")));
        var second = run.Pending<Command.EmitEvent>("tell");
        Assert.NotEqual(first.Id, second.Id); // an attempt is a new effect, and another event
        Assert.NotEqual(first.Event["id"], second.Event["id"]);
        run.Send(new RunEvent.EffectFailed(run.Now, second.Id, new Problem(ProblemTypes.Refused, 403, "Refused"))).Is(RunStatus.Completed).Replayed();
    }

    [Fact]
    public void Emit_UnderWayWhenItsTimeIsOver_IsGivenUp()
    {
        var run = RunHarness.Tasks("  - tell: { emit: { event: { with: { source: 'https://x.y', type: t } } }, timeout: { after: PT5S }, metadata: { interlock: { onTimeout: skip } } }");
        run.Fire("tell", TimerPurpose.Timeout).Is(RunStatus.Completed).Replayed();
    }
}
