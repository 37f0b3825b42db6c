using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Tests.Runs;

public sealed class SkipTests
{
    private static string Tool(string name, string more = "") => $"  - {name}: {{ call: tool, with: {{ tool: s/{name} }}{more} }}\n";

    [Fact]
    public void A_skipped_step_ends_with_its_input_and_the_next_one_runs()
    {
        var run = RunHarness.Tasks(Tool("a", ", metadata: { interlock: { onError: skip } }") + Tool("b"), JsonValue.Object(("n", 1))).Fail("a");
        Assert.True(run.IsPending("b"));
        run.Complete("b").Is(RunStatus.Completed);
        Assert.Null(run.State.Error);
    }

    [Fact]
    public void A_skipped_block_stops_what_runs_in_it()
    {
        var run = RunHarness.Tasks(
            """
              - block:
                  metadata: { interlock: { onError: skip } }
                  do:
                    - both:
                        metadata: { interlock: { onError: fail } }
                        fork:
                          branches:
                            - left: { call: tool, with: { tool: s/left } }
                            - right: { call: tool, with: { tool: s/right } }
              - after: { call: tool, with: { tool: s/after } }
            """).Fail("left");
        Assert.Equal("right", Assert.Single(run.State.Abandoned.Values).Call.Task.Name);
        run.Complete("after").Is(RunStatus.Running).Complete("right").Is(RunStatus.Completed).Replayed();
    }

    [Theory]
    [InlineData("  - r: { raise: { error: { type: 'https://x.y/e', status: 500 } }, metadata: { interlock: { onError: skip } } }\n")]
    [InlineData("  - b:\n      metadata: { interlock: { onError: skip } }\n      do:\n        - r: { raise: { error: { type: 'https://x.y/e', status: 500 } } }\n")]
    [InlineData("  - b:\n      metadata: { interlock: { onError: skip } }\n      for: { in: '[1, 2]' }\n      do:\n        - r: { raise: { error: { type: 'https://x.y/e', status: 500 } } }\n")]
    public void What_a_document_raises_is_never_skipped(string tasks)
    {
        var run = RunHarness.Tasks(tasks + Tool("after")).Is(RunStatus.Faulted);
        Assert.Equal("https://x.y/e", run.State.Error?.Type);
    }
}
