package api
import ("testing";"strings";"fmt";"time")
func TestZZ(t *testing.T){
 w:=newWorld(t)
 for _,n:=range []int{100,1000,10000,50000}{
 var b strings.Builder
 b.WriteString("{")
 for i:=range n { fmt.Fprintf(&b,`"k%d":1,`,i)}
 b.WriteString(`"z":1}`)
 at:=time.Now()
 a:=w.as("platform").post("/v1/registrations", b.String())
 fmt.Println(n, len(b.String()), a.Status, len(a.Raw), time.Since(at))
 }
 deep:=strings.Repeat(`{"a":`,9000)+"1"+strings.Repeat("}",9000)
 at:=time.Now(); a:=w.as("platform").post("/v1/registrations", deep); fmt.Println("deep",a.Status,len(a.Raw),time.Since(at))
 deep=strings.Repeat(`[`,500000)
 at=time.Now(); a=w.as("platform").post("/v1/registrations", deep); fmt.Println("deep",a.Status,len(a.Raw),time.Since(at))
 dup:="{"+strings.Repeat(`"account_id":"a",`,60000)+`"account_id":"a"}`
 at=time.Now(); a=w.as("platform").post("/v1/registrations", dup); fmt.Println("dup",a.Status,len(a.Raw),time.Since(at))
 nul:="{"+strings.Repeat(`"account_id":null,`,60000)+`"account_id":"a"}`
 at=time.Now(); a=w.as("platform").post("/v1/registrations", nul); fmt.Println("nul",a.Status,len(a.Raw),time.Since(at))
 var q strings.Builder
 q.WriteString("/v1/registrations?")
 for i:=range 8000 { fmt.Fprintf(&q,"a%d&",i%10)}
 at=time.Now(); a=w.as("platform").get(q.String()[:28000]); fmt.Println("q",a.Status,len(a.Raw),time.Since(at))
}
