using System.Globalization;
using System.Text;
using Interlock.Core.Audit;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Bypass;

/// <summary>What was approved and what is called, written in many ways: the same value passes however it is written, another never does.</summary>
public sealed class ArgumentTests
{
    private const int Rounds = 150;

    private static CancellationToken Token => World.Token;

    /// <summary>Random arguments, approved; then called as they are in another spelling, or with one thing changed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Call_AnySpellingPasses_AnyOtherValueIsRefused(int seed)
    {
        await using var world = await World.CreateAsync();
        await world.MoveAsync(RegistryKind.Tool, "crm/apply", "1.0.0", Lifecycle.Deprecated, "2.0.0");
        await world.WriteAsync(World.Tool("crm/apply", "2.0.0", """{"type":"object"}"""));
        world.Upstream.Always(_ => StubUpstream.Done());
        world.Upstream.OnArrival = _ => Task.CompletedTask; // counted below
        var random = new Random(seed);
        var (passed, refused) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            world.Time.Now += TimeSpan.FromSeconds(1);
            var arguments = Draw(random, 0);
            var gate = await world.ApprovedAsync(world.Request($"gate-{round}", World.Cover(arguments: arguments)));
            var other = Changed(random, arguments);
            var call = world.Call("crm/apply", purpose: $"call-{round}") with { Grant = gate.Id, RequiresGrant = true };
            Assert.NotEqual(CanonicalJson.Digest(arguments), CanonicalJson.Digest(other));

            var no = await world.Node.Gateway.CallAsync(call with { Arguments = StrictJson.Parse(Spelled(random, other)), Effect = new($"no-{round}") }, Token);
            var refusal = Assert.IsType<GatewayResult.Refused>(no).Refusal;
            Assert.True(refusal.Rule == "intent-mismatch", $"{arguments} was approved and {other} called: {refusal.Rule}");
            refused++;
            Assert.Equal(passed, world.Upstream.Calls.Count);

            var spelled = Spelled(random, arguments);
            var yes = await world.Node.Gateway.CallAsync(call with { Arguments = StrictJson.Parse(spelled) }, Token);
            Assert.True(yes is GatewayResult.Completed, $"{arguments} was approved and called as {spelled}: {(yes as GatewayResult.Refused)?.Refusal}");
            passed++;
            Assert.Equal(CanonicalJson.Serialize(arguments), world.Upstream.Calls.Last().Arguments.ToArray());
        }
        Assert.Equal(refused, (await world.RecordsAsync(AuditTypes.CallRefused)).Count);
    }

    /// <summary>What no two readers agree on is no value at all.</summary>
    [Theory]
    [InlineData("""{"service":"mail","service":"mail"}""")]
    [InlineData("""{"a":{"b":1,"b":1}}""")]
    [InlineData("""{"n":9007199254740993}""")]
    [InlineData("""{"n":1e400}""")]
    [InlineData("""{"s":"\ud800"}""")]
    public void Parse_WhatReadersDisagreeOn_IsRefused(string json) => Assert.ThrowsAny<FormatException>(() => StrictJson.Parse(json));

    [Theory]
    [InlineData("1", "1.0")]
    [InlineData("1", "1e0")]
    [InlineData("1", "10e-1")]
    [InlineData("1", "0.1e1")]
    [InlineData("0", "-0")]
    [InlineData("100", "1E2")]
    public void Number_OtherForm_IsTheSameValue(string one, string other) =>
        Assert.Equal(CanonicalJson.Digest(StrictJson.Parse($"[{one}]")), CanonicalJson.Digest(StrictJson.Parse($"[{other}]")));

    private static JsonValue Draw(Random random, int depth)
    {
        if (depth > 0 && random.Next(3) > 0) return Leaf(random);
        if (depth > 0 && random.Next(2) == 0) return JsonValue.Array(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Draw(random, depth + 1)));
        var value = JsonValue.EmptyObject;
        for (var i = random.Next(1, 4); i > 0; i--) value = value.With(Texts[random.Next(Texts.Length)] + i.ToString(CultureInfo.InvariantCulture), Draw(random, Math.Min(depth + 1, 4)));
        return value;
    }

    private static JsonValue Leaf(Random random) => random.Next(5) switch
    {
        0 => JsonValue.Null,
        1 => JsonValue.From(random.Next(2) == 0),
        2 => StrictJson.Parse(random.Next(-1000, 1000).ToString(CultureInfo.InvariantCulture)),
        3 => StrictJson.Parse((random.Next(1, 1000) / 8.0).ToString("R", CultureInfo.InvariantCulture)),
        _ => JsonValue.From(Texts[random.Next(Texts.Length)]),
    };

    /// <summary>The same with exactly one thing other: a member more, less or renamed, an order turned, a value or its type changed, another unicode form.</summary>
    private static JsonValue Changed(Random random, JsonValue value)
    {
        if (value.IsObject && value.Count > 0)
        {
            var (name, member) = value.Members.ElementAt(random.Next(value.Count));
            return random.Next(4) switch
            {
                0 => value.With(name + "\u200B", member),
                1 => value.Without(name),
                2 => value.Without(name).With(name.ToUpperInvariant() + "x", member),
                _ => value.With(name, Changed(random, member)),
            };
        }
        if (value.IsArray && value.Count > 1 && random.Next(2) == 0 && value.Items[0] != value.Items[^1]) return JsonValue.Array(value.Items.Reverse());
        if (value.IsArray) return value.Count == 0 ? JsonValue.Array(JsonValue.Null) : JsonValue.Array(value.Items.Select((item, i) => i == 0 ? Changed(random, item) : item));
        if (value.StringOrNull() is { } text)
            return random.Next(3) switch
            {
                0 when text.Normalize(NormalizationForm.FormD) != text => text.Normalize(NormalizationForm.FormD),
                1 when text.Length > 0 && !char.IsSurrogate(text[^1]) => text[..^1],
                _ => text + " ",
            };
        return value == JsonValue.Null ? JsonValue.From("null") : JsonValue.From(value.ToString()); // 1 is not "1"
    }

    /// <summary>JSON of the value with members in another order, white space, escapes and numbers in other forms.</summary>
    private static string Spelled(Random random, JsonValue value)
    {
        string Space() => random.Next(3) == 0 ? " \t\n"[..random.Next(4)] : "";
        if (value.IsObject) return "{" + string.Join(",", value.Members.OrderBy(_ => random.Next()).Select(member => $"{Space()}{Spelled(random, JsonValue.From(member.Key))}{Space()}:{Spelled(random, member.Value)}")) + Space() + "}";
        if (value.IsArray) return "[" + string.Join(",", value.Items.Select(item => Space() + Spelled(random, item))) + "]";
        if (value.StringOrNull() is { } text)
            return "\"" + string.Concat(text.Select(c => c is '"' or '\\' or < ' ' || char.IsSurrogate(c) || random.Next(3) == 0 ? $"\\u{(int)c:x4}" : c.ToString())) + "\"";
        if (value == JsonValue.Null || value == JsonValue.True || value == JsonValue.False) return value.ToString();
        var number = value.ToString();
        return random.Next(4) switch
        {
            0 => number.Contains('.', StringComparison.Ordinal) ? number + "00" : number + ".0",
            1 => number + "e0",
            2 => number + "E+0",
            _ => number,
        };
    }

    private static readonly string[] Texts = ["service", "caf\u00e9", "\u00c5ngstr\u00f6m", "a", "", "x\u202Ey", "\ud83d\ude80", "\"quoted\\\"", "1", "null", "line\nbreak", "=1+1"];
}
