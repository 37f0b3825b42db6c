using Interlock.Core.Workflows.Checks;

namespace Interlock.Tests.Workflows;

public sealed class ContextAdditionTests
{
    [Theory]
    [InlineData("$context + { a: . }", "a")]
    [InlineData(" $context+{a:1,b:[1,{c:2}],\"d e\":(.x, .y)} ", "a,b,d e")]
    [InlineData("$context + {a: 1} + {b: \"},{\"}", "a,b")]
    [InlineData("$context + {a}", "a")]
    public void Keys_Addition_AreFound(string source, string keys) => Assert.Equal(keys.Split(','), ContextAddition.Keys(source));

    [Theory]
    [InlineData("$context")]
    [InlineData("$context + .")]
    [InlineData("$context + {}")]
    [InlineData("$context * {a: 1}")]
    [InlineData("$context.x + {a: 1}")]
    [InlineData("$contexts + {a: 1}")]
    [InlineData("{a: 1} + $context")]
    [InlineData("$context + {a: 1} | {b: 2}")]
    [InlineData("$context + {a: 1} | del(.b)")]
    [InlineData("$context + {a: 1}, {b: 1}")]
    [InlineData("$context + {(.k): 1}")]
    [InlineData("$context + {\"\\(.k)\": 1}")]
    [InlineData("$context + {\"a\\u0062\": 1}")]
    [InlineData("$context + {a: \"\\(1, {\"b\": 2})\"}")]
    [InlineData("$context + {$b}")]
    [InlineData("$context + {@text \"b\": 1}")]
    [InlineData("$context + {a: 1 # }\n, b: 2}")]
    [InlineData("$context + {a: 1} // {b: 1}")]
    [InlineData("$context + {a: 1} - {b: 1}")]
    [InlineData("$context + {a: (1})}")]
    public void Keys_AnythingElse_IsDoubt(string source) => Assert.Null(ContextAddition.Keys(source));
}
