using Interlock.Http.Pages;
using Interlock.Http.Pages.Review;
using Interlock.Json;

namespace Interlock.Tests.Web;

public sealed class SchemaFormTests
{
    [Fact]
    public void Read_EveryKind_GivesTheirTypes()
    {
        var (value, draft) = Read(("0", "Why now?\r\nReally"), ("1", "2"), ("3", "4"), ("4", "0.5"), ("5", "false"), ("6", """{"a":[1]}"""));
        Assert.Empty(draft.Errors);
        Assert.Equal(StrictJson.Parse("""{"question":"Why now?\nReally","urgency":3,"attempts":4,"share":0.5,"page":false,"more":{"a":[1]}}"""), value);
    }

    [Theory]
    [InlineData("1", "7", "information-1", "choose one")]
    [InlineData("1", "-1", "information-1", "choose one")]
    [InlineData("3", "four", "information-3", "write a number")]
    [InlineData("3", "\"4\"", "information-3", "write a number")]
    [InlineData("3", "1.5", "information-3", "")]
    [InlineData("3", "9", "information-3", "")]
    [InlineData("4", "1e400", "information-4", "write a number")]
    [InlineData("5", "maybe", "information-5", "yes or no")]
    [InlineData("6", "{", "information-6", "Not JSON")]
    [InlineData("6", """{"a":1,"a":2}""", "information-6", "")]
    [InlineData("6", "[]", "information-6", "")]
    [InlineData("0", "Why", "information-0", "")]
    public void Read_WhatDoesNotFit_NamesTheField(string field, string text, string at, string says)
    {
        var fields = new Dictionary<string, string> { ["0"] = "Why now?", ["1"] = "0", [field] = text };
        var (value, draft) = Read([.. fields.Select(pair => (pair.Key, pair.Value))]);
        Assert.Null(value);
        var error = Assert.Single(draft.Errors);
        Assert.Equal(at, error.Field);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_RequiredAndBlank_IsAskedForAndOptionalIsLeftOut()
    {
        var (value, draft) = Read(("0", "  "), ("2", ""));
        Assert.Null(value);
        Assert.Equal(["information-0", "information-1"], draft.Errors.Select(error => error.Field));
        Assert.Equal(StrictJson.Parse("""{"question":"Why now?","urgency":"tonight"}"""), Read(("0", "Why now?"), ("1", "0"), ("2", "")).Value);
    }

    [Fact]
    public void Read_SchemaThatCannotBeUsed_SaysSo()
    {
        var (value, draft) = SchemaForm.Of(StrictJson.Parse("""{ "type": "object", "properties": { "a": { "type": "text" } } }""")).Read(new Draft("return", FormFields.None));
        Assert.Null(value);
        Assert.Contains("can't be used", Assert.Single(draft.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_HostileSchema_IsText()
    {
        const string hostile = "\\\"><script>x</script>\\u202e";
        var form = SchemaForm.Of(StrictJson.Parse($$"""
            { "title": "{{hostile}}", "description": "{{hostile}}", "properties": {
              "{{hostile}}": { "type": "string", "title": "{{hostile}}", "description": "{{hostile}}", "default": "{{hostile}}" }, "e": { "enum": ["{{hostile}}"] } } }
            """));
        var html = form.Render(Draft.None).ToString();
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', html);
        Assert.Contains("value=\"&quot;&gt;&lt;script&gt;x&lt;/script&gt;\\u202e\"", html, StringComparison.Ordinal);
    }

    private static (JsonValue? Value, Draft Draft) Read(params (string Field, string Text)[] fields) => SchemaForm.Of(GateRows.Form)
        .Read(new Draft("return", new FormFields(fields.ToDictionary(field => "information-" + field.Field, field => field.Text))));
}
