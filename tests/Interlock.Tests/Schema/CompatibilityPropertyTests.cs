using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Tests.Schema;

/// <summary>
/// What is called safe is: for random pairs of schemas no random instance that the old one accepts is refused by the new one unless callers were said to
/// break, and none that the old one refuses is accepted unless results were.
/// </summary>
public sealed class CompatibilityPropertyTests
{
    private const int Pairs = 2_000;
    private const int Instances = 40;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Compare_RandomPairs_NothingThatBreaksIsCalledSafe(int seed)
    {
        var random = new RandomSchemas(seed);
        var (safe, witnessed) = (0, 0);
        for (var n = 0; n < Pairs; n++)
        {
            var (before, after) = random.Pair();
            if (Compiled(before) is not { } was || Compiled(after) is not { } now) continue;
            var changes = Compatibility.Compare(before, after);
            var (callers, results) = (changes.Any(change => change.BreaksCallers), changes.Any(change => change.BreaksResults));
            if (before != after && !(callers && results)) safe++;
            for (var i = 0; i < Instances; i++)
            {
                var instance = random.Instance();
                var (accepted, accepts) = (was.IsValid(instance), now.IsValid(instance));
                if (accepted == accepts) continue;
                witnessed++;
                Assert.True(accepted ? callers : results, $"seed {seed}, pair {n}: {instance} was {(accepted ? "accepted" : "refused")}\n{before}\n{after}");
            }
        }

        Assert.InRange(safe, Pairs / 10, Pairs); // it is no property of saying that everything breaks
        Assert.InRange(witnessed, Pairs, int.MaxValue); // nor of schemas that never differ
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void Compare_SameSchema_IsNoChange(int seed)
    {
        var random = new RandomSchemas(seed);
        for (var n = 0; n < 500; n++)
        {
            var (schema, _) = random.Pair();
            if (Compiled(schema) is not null) Assert.Empty(Compatibility.Compare(schema, StrictJson.Parse(schema.ToString())));
        }
    }

    /// <summary>The schema, unless it refers to itself without end.</summary>
    private static JsonSchema? Compiled(JsonValue schema)
    {
        try
        {
            return JsonSchema.Compile(schema);
        }
        catch (JsonSchemaException)
        {
            return null;
        }
    }
}
